/** Swarms that wait for work and claim what they are woken for, over HTTP or MCP; notes when each had its task. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { connect, nodeTransport } from '../../dist/index.js'
import { sharedMs } from '../latency.mjs'
import { receiveTask } from './task.mjs'

const WAIT_SECONDS = 240

const { url, tokens, over } = await receiveTask()
/** Task -> when a swarm had claimed it. */
const claims = new Map()
const transport = nodeTransport()
let wanted = () => undefined

process.once('disconnect', () => process.exit())
process.on('message', async ({ tasks }) => {
  while (tasks.some((task) => !claims.has(task))) await new Promise((resolve) => (wanted = resolve))
  process.send(tasks.map((task) => claims.get(task)))
})
const waits = await Promise.all(tokens.map(over === 'mcp' ? waitOverMcp : waitOverHttp))
for (const [number, wait] of waits.entries()) void work(wait, connect({ url, token: tokens[number], transport }))
process.send({ ready: true })

async function work(wait, fabric) {
  for (;;) {
    const { kind, task, epoch } = await wait()
    if (kind === 'none') continue
    claims.set(task, sharedMs())
    wanted()
    await fabric.task.complete({ task, epoch, summary: 'done' })
  }
}

function waitOverHttp(token) {
  const fabric = connect({ url, token, transport, retries: 0 })
  return async () => {
    const { kind, task, claim } = await fabric.task.next({ claim: true, waitMs: WAIT_SECONDS * 1_000 })
    return { kind, task: task?.id, epoch: claim?.epoch }
  }
}

async function waitOverMcp(token) {
  const client = new Client({ name: 'bench', version: '0' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } })
  const requestInit = { headers: { authorization: `Bearer ${token}` } }
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', url), { requestInit }))
  return async () => {
    const asked = { name: 'wait_for_work', arguments: { waitSeconds: WAIT_SECONDS } }
    const { structuredContent, content, isError } = await client.callTool(asked, { timeout: 2 * WAIT_SECONDS * 1_000 })
    if (isError) throw new Error(content[0].text)
    const { kind, task } = structuredContent
    return { kind, task: task?.id, epoch: task?.epoch }
  }
}
