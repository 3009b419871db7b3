/** What a scrape of Prometheus costs a fabric with many tasks, swarms, claims and messages. */
export async function metrics({ children, rounds, scale, progress }) {
  const size = { tasks: 100_000 * scale, swarms: 10_000 * scale, scrapes: 50 }
  const results = []
  for (let round = 0; round < Math.min(rounds, 3); round += 1) {
    progress(`metrics, round ${round + 1}`)
    const directory = children.directory()
    results.push(await children.result('metrics', { directory, ...size }))
    children.remove(directory)
  }
  const count = (number) => number.toLocaleString('en-US')
  const contents = `${count(size.tasks)} tasks, ${count(size.swarms)} swarms, each with a claim and a message`
  return [
    {
      name: 'one scrape of /metrics, processor time',
      unit: 'ms',
      values: results.map(({ cpuMs }) => cpuMs),
      note: `${contents}; that of the HTTP client and of the garbage collector too`,
      goal: { below: 50 },
    },
    {
      name: 'longest scrape, wall clock',
      unit: 'ms',
      values: results.map(({ longestMs }) => longestMs),
      note: `${results[0].series} series, ${Math.round(results[0].bytes / 1024)} KiB`,
    },
  ]
}
