/** Turns what was measured into what is printed. */

function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** A figure as JSON: the median of its rounds, the range, and whether the goal is met by the median. */
export function resultOf({ name, unit, values, latency, goal, note }) {
  const value = median(values)
  return {
    name,
    unit,
    median: value,
    min: Math.min(...values),
    max: Math.max(...values),
    rounds: values.length,
    ...(latency && { p50Ms: median(latency.map(({ p50 }) => p50)), p99Ms: median(latency.map(({ p99 }) => p99)) }),
    ...(goal && { goal, met: isMet(value, goal) }),
    ...(note && { note }),
  }
}

export function resultLines({ name, unit, median: value, min, max, rounds, p50Ms, p99Ms, goal, met, note }) {
  const range = rounds > 1 ? ` (${number(min)} to ${number(max)} in ${rounds} rounds)` : ' (1 round)'
  const latency = p50Ms === undefined ? '' : `, p50 ${number(p50Ms)} ms, p99 ${number(p99Ms)} ms`
  const verdict = goal === undefined ? '' : `\n    goal ${goalText(goal, unit)}: ${met ? 'met' : 'not met'}`
  const remark = note === undefined ? '' : `\n    ${note}`
  return `  ${name}: ${number(value)} ${unit}${range}${latency}${verdict}${remark}`
}

export function flushText({ p50, p99, perSecond }) {
  return `${number(perSecond)}/s, p50 ${number(p50)} ms, p99 ${number(p99)} ms`
}

function isMet(value, { atLeast, below }) {
  return atLeast !== undefined ? value >= atLeast : value < below
}

function goalText({ atLeast, below }, unit) {
  return atLeast !== undefined ? `at least ${number(atLeast)} ${unit}` : `below ${number(below)} ${unit}`
}

function number(value) {
  if (value >= 100) return Math.round(value).toLocaleString('en-US')
  return value >= 10 ? value.toFixed(1) : value.toFixed(2)
}
