/**
 * Many callers on kept connections, each of which waits for its answer before it asks again. It writes and reads the bytes
 * itself, so that what is measured is the server.
 */
import { connect } from 'node:net'
import { Latencies } from '../latency.mjs'

process.on('message', async ({ url, token, callers, count, first }) => {
  process.send(await load({ url, token, callers, count, first }))
})

async function load({ url, token, callers, count, first }) {
  const { hostname, port } = new URL(url)
  const latencies = new Latencies()
  const connections = await Promise.all(Array.from({ length: callers }, () => open(hostname, port)))
  let next = first
  const start = performance.now()
  await Promise.all(
    connections.map(async (connection, number) => {
      while (next < first + count) {
        const task = `task-${next}`
        next += 1
        const before = performance.now()
        const status = await connection.ask(claimRequest(hostname, port, token, task, `swarm-${number}`))
        if (status !== 200) throw new Error(`The server answered ${status}.`)
        latencies.record(performance.now() - before)
      }
    }),
  )
  const perSecond = count / ((performance.now() - start) / 1_000)
  for (const connection of connections) connection.end()
  return { perSecond, ...latencies.summary() }
}

function claimRequest(hostname, port, token, task, swarm) {
  const body = JSON.stringify({ as: swarm })
  return (
    `POST /v1/tasks/${task}/claim HTTP/1.1\r\nhost: ${hostname}:${port}\r\nauthorization: Bearer ${token}\r\n` +
    `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`
  )
}

async function open(hostname, port) {
  const socket = connect({ host: hostname, port, noDelay: true })
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  let text = ''
  let answered = () => undefined
  socket.setEncoding('latin1')
  socket.on('data', (chunk) => {
    text += chunk
    const head = text.indexOf('\r\n\r\n')
    if (head < 0) return
    const length = Number(/content-length: (\d+)/i.exec(text)?.[1])
    if (text.length < head + 4 + length) return
    const status = Number(text.slice(9, 12))
    text = ''
    answered(status)
  })
  return {
    ask: (request) => {
      socket.write(request)
      return new Promise((resolve) => {
        answered = resolve
      })
    },
    end: () => socket.destroy(),
  }
}
