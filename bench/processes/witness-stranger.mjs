/** Sends claims without a token, on as many connections as said, until it is told to stop. Each answer must be a 401. */
import { nodeTransport } from '../../dist/index.js'

const body = JSON.stringify({ as: 'swarm-0' })
const headers = { 'content-type': 'application/json' }
let stop = async () => ({ refused: 0, perSecond: 0 })

process.on('message', async ({ url, connections }) => {
  if (connections > 0) stop = start(url, connections)
  process.send(connections > 0 ? { started: true } : await stop())
})
process.once('disconnect', () => process.exit())

function start(url, connections) {
  const transport = nodeTransport(connections)
  const request = { method: 'POST', url: `${url}/v1/tasks/task-0/claim`, headers, body }
  const startedAt = performance.now()
  let refused = 0
  let flooding = true
  const flood = async () => {
    while (flooding) {
      const { status } = await transport({ ...request, signal: new AbortController().signal })
      if (status !== 401) throw new Error(`A request without a token got ${status}.`)
      refused += 1
    }
  }
  const answered = Array.from({ length: connections }, flood)
  return async () => {
    flooding = false
    const perSecond = refused / ((performance.now() - startedAt) / 1_000)
    await Promise.all(answered)
    transport.close()
    return { refused, perSecond }
  }
}
