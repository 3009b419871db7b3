const MEBIBYTE = 2 ** 20

/** What 100,000 tasks of a real board take, with four milestones, two criteria and a description each. */
export async function memory({ children, rounds, scale, progress }) {
  const tasks = 100_000 * scale
  const imported = []
  const restarted = []
  for (let round = 0; round < Math.min(rounds, 2); round += 1) {
    progress(`memory, round ${round + 1}`)
    const directory = children.directory()
    imported.push(await children.result('memory', { directory, tasks }, ['--expose-gc']))
    restarted.push(await children.result('memory', { directory, tasks }, ['--expose-gc']))
    children.remove(directory)
  }
  const size = tasks.toLocaleString('en-US')
  const goal = scale === 1 ? { goal: { below: 400 } } : {}
  const mebibytes = (results, part) => results.map((result) => result[part] / MEBIBYTE)
  return [
    { name: `heap of ${size} tasks after an import`, unit: 'MiB', values: mebibytes(imported, 'heap'), ...goal },
    { name: `heap of ${size} tasks after a restart`, unit: 'MiB', values: mebibytes(restarted, 'heap'), ...goal },
    {
      name: `whole process after a restart with ${size} tasks (RSS)`,
      unit: 'MiB',
      values: mebibytes(restarted, 'rss'),
      ...goal,
    },
    {
      name: `whole process after an import of ${size} tasks (RSS)`,
      unit: 'MiB',
      values: mebibytes(imported, 'rss'),
      note: 'with what the import needed on the way and the runtime has not given back',
    },
  ]
}
