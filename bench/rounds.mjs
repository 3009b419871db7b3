/** What several rounds of one measurement came to, as figures show it. */

export function rates(rounds) {
  return rounds.map(({ perSecond }) => perSecond)
}

/** Each round against the other of its pair. */
export function ratios(rounds, others) {
  return rounds.map(({ perSecond }, number) => perSecond / others[number].perSecond)
}

/** Mean processor time of a call, microseconds, of all threads; other programs change it less than the rate. */
export function cpuOf(rounds) {
  return (rounds.reduce((sum, { cpuMicros }) => sum + cpuMicros, 0) / rounds.length).toFixed(1)
}
