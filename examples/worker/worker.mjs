/**
 * A worker as you would write one: it takes tasks until none is left, counts the words of the file that each one names, and
 * completes it with the count. Run as many as you like, each with the token of a swarm of its own.
 *
 *   IFAB_URL=http://127.0.0.1:7420 IFAB_TOKEN=ifab_... node worker.mjs
 */
import { readFile } from 'node:fs/promises'
import { connectLocal } from 'infrafabric'

const fabric = await connectLocal()
const worker = fabric.work(
  async ({ task, signal, milestone }) => {
    const text = await readFile(task.deliverable, { encoding: 'utf8', signal })
    await milestone(50, { note: 'read' })
    const words = text.split(/\s+/).filter((word) => word !== '').length
    return { summary: `${words} words` }
  },
  {
    onEnd: ({ task, outcome }) => console.log(`${task} ${outcome}`),
    onProblem: ({ during, error }) => console.error(`${during}: ${error.message}`),
    onIdle: () => worker.stop(),
  },
)
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => worker.stop())
await worker.done
