/**
 * Thousands of connections that wait for pushes, each for those to its own swarm, spread over all servers; notes when each
 * message was here.
 */
import { connect } from 'node:net'
import { WebSocket } from 'ws'
import { sharedMs } from '../latency.mjs'
import { receiveTask } from './task.mjs'

/** Connections that are opened at a time: more would wait in the backlog of the server. */
const OPENING = 100

const { kind, urls, tokens } = await receiveTask()
/** Index of a message -> when it was here, and at which connection. */
const receipts = new Map()
let wanted = () => undefined
let lost = 0

process.once('disconnect', () => process.exit())
process.on('message', async ({ indexes }) => {
  while (indexes.some((index) => !receipts.has(index))) await new Promise((resolve) => (wanted = resolve))
  process.send({ receipts: indexes.map((index) => receipts.get(index)), lost })
})

const count = tokens.length
const open = kind === 'sse' ? openStream : openSocket
for (let first = 0; first < count; first += OPENING) {
  await Promise.all(Array.from({ length: Math.min(OPENING, count - first) }, (_, offset) => open(first + offset)))
}
process.send({ open: count })

function note(index, number) {
  receipts.set(index, { at: sharedMs(), number })
  wanted()
}

function openStream(number) {
  const { hostname, port } = new URL(urls[number % urls.length])
  const socket = connect(Number(port), hostname)
  socket.write(
    `GET /v1/events?swarm=swarm-${number}&type=message_sent HTTP/1.1\r\nhost: ${hostname}:${port}\r\n` +
      `authorization: Bearer ${tokens[number]}\r\naccept: text/event-stream\r\n\r\n`,
  )
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.on('close', () => (lost += 1))
    socket.on('data', (chunk) => {
      const text = chunk.latin1Slice()
      if (text.includes('retry: ')) resolve()
      for (const [, id] of text.matchAll(/id: (\d+)\ndata: /g)) note(Number(id), number)
    })
  })
}

function openSocket(number) {
  const socket = new WebSocket(`${urls[number % urls.length].replace('http', 'ws')}/v1/socket`, {
    headers: { authorization: `Bearer ${tokens[number]}` },
    perMessageDeflate: false,
  })
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.on('close', () => (lost += 1))
    socket.once('open', () => {
      const subscribe = { id: 1, operation: 'subscribe' }
      socket.send(JSON.stringify(subscribe))
    })
    socket.on('message', (data) => {
      const { error, push, message } = JSON.parse(data)
      if (error !== undefined) reject(new Error(error.message))
      else if (push === 'message') note(message.index, number)
      else resolve()
    })
  })
}
