/** Files of a user of the package, as they write them. */
export const WORKER = `import { connect, type HeldTask, isFabricError, type TaskView, type Worker } from 'infrafabric'

const client = connect({ url: 'http://127.0.0.1:7420', token: 'ifab_x_y' })

async function handle({ task, epoch, signal, milestone, usage, block, ask }: HeldTask) {
  await milestone(50, { note: 'half', testsPassed: 3 })
  usage({ model: 'sonnet', inputTokens: 5 })
  const { resolution } = await block({ kind: 'help', needs: 'a reviewer' })
  const { option } = await ask({ question: 'Which one?', options: ['a', 'b'] })
  if (signal.aborted) return undefined
  return { summary: \`\${task.title} \${epoch} \${resolution} \${option}\`, evidence: [{ kind: 'note' as const, text: 'x' }] }
}

const worker: Worker = client.work(handle, {
  concurrency: 2,
  onMessage: ({ text }) => text.length,
  onProblem: ({ error }) => void isFabricError(error, 'STALE_CLAIM'),
  onIdle: () => void worker.stop(),
})
client.work(async () => {})

const offer = await client.task.next({ claim: true, waitMs: 50_000 })
const kind: 'resume' | 'help' | 'primary' | 'filler' | 'none' = offer.kind
const task: TaskView | undefined = offer.task
for await (const { index } of client.events({ from: 0 })) if (index > 1) break

export { kind, task }
`

/** Lines 5, 7 and 9 are wrong. */
export const MISTAKES = `import { connect } from 'infrafabric'

const client = connect({ url: 'http://127.0.0.1:7420', token: 'ifab_x_y' })
// Not a percentage that is reported.
client.work(async ({ milestone }) => void (await milestone(33)))
// A field that there is not.
await client.task.claim({ task: 'T1', epoc: 3 })
// A word that is needed.
await client.task.complete({ epoch: 3 })
`
