import { rmSync } from 'node:fs'
import { join } from 'node:path'

const TAIL = 0.1

/** How long a fabric with a long history takes until it answers. The files are in the page cache, as after a crash. */
export async function restart({ children, rounds, scale, progress }) {
  const entries = 1_000_000 * scale
  const directory = children.directory()
  progress('restart, writing the history')
  await children.result('history', { directory, entries: entries * (1 - TAIL) })
  await children.result('restart', { directory, snapshot: true })
  await children.result('history', { directory, entries })
  const restored = []
  for (let round = 0; round < Math.min(rounds, 3); round += 1) {
    progress(`restart from a snapshot, round ${round + 1}`)
    restored.push(await children.result('restart', { directory }))
  }
  rmSync(join(directory, 'snapshots'), { recursive: true })
  progress('restart without a snapshot')
  const replayed = [await children.result('restart', { directory })]
  children.remove(directory)
  const { completed, bytes, rss } = replayed[0]
  const size = entries.toLocaleString('en-US')
  const goal = scale === 1 ? { goal: { below: 5 } } : {}
  const contents = `${completed.toLocaleString('en-US')} finished tasks in memory; the log has ${Math.round(bytes / 2 ** 20)} MiB`
  return [
    {
      name: `restart with ${size} entries from a snapshot and a tail of ${Math.round(entries * TAIL).toLocaleString('en-US')}`,
      unit: 's',
      values: restored.map(({ seconds }) => seconds),
      note: contents,
      ...goal,
    },
    {
      name: `restart with ${size} entries by reading all of the log`,
      unit: 's',
      values: replayed.map(({ seconds }) => seconds),
      note: `no snapshot at all; the process has ${Math.round(rss / 2 ** 20)} MiB (RSS) afterwards`,
      ...goal,
    },
  ]
}
