import type { ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import * as z from 'zod'
import type { Fabric, PublishedEntry } from '../fabric/fabric.js'
import { FabricError, isFabricError } from '../model/errors.js'
import { parseInput } from '../operations/input.js'
import { problemOf } from './problem.js'
import type { Waits } from './waits.js'

/** Silence after which a comment shows that the stream is alive, to the reader and to proxies between. */
const HEARTBEAT_MS = 15_000
const PATIENCE_MS = 60_000
const RECONNECT_MS = 500

const position = z.string().regex(/^(-1|\d{1,15})$/, { error: 'must be an index of the log' })
const streamInput = z.strictObject({ from: position.exactOptional(), 'Last-Event-ID': position.exactOptional() })

/**
 * `GET /v1/events`: the log as server-sent events (WHATWG HTML). Each id is the index of the entry and the data its
 * stored bytes. `Last-Event-ID` resumes after an entry, `from` starts at one; without either it starts now.
 */
export function addEvents(app: FastifyInstance, fabric: Fabric, waits: Waits): void {
  app.get('/v1/events', async (request, reply) => {
    const from = await firstIndex(request, fabric)
    reply.hijack()
    // A write that races with the loss of the connection ends in this event; the wait below ends by 'close'.
    reply.raw.on('error', () => undefined)
    await waits.during(reply.raw, (signal) => streamEntries(reply.raw, fabric, from, signal)).catch(() => undefined)
    reply.raw.end()
  })
}

async function firstIndex(request: FastifyRequest, fabric: Fabric): Promise<number> {
  const lastId = request.headers['last-event-id']
  const query = request.query as Record<string, unknown>
  const input = parseInput(streamInput, lastId === undefined ? query : { ...query, 'Last-Event-ID': lastId })
  const { entries } = await fabric.status()
  const resumed = input['Last-Event-ID']
  const from = resumed !== undefined ? Number(resumed) + 1 : input.from !== undefined ? Number(input.from) : entries
  if (from >= 0 && from <= entries) return from
  throw new FabricError('INVALID_ARGUMENT', `The log has ${entries} entries; it cannot be followed from ${from}.`, {
    field: resumed === undefined ? 'from' : 'Last-Event-ID',
    entries,
  })
}

async function streamEntries(out: ServerResponse, fabric: Fabric, from: number, signal: AbortSignal): Promise<void> {
  out.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
  // The id alone fires no event, but a reader that loses the connection before the first entry resumes from here.
  out.write(`retry: ${RECONNECT_MS}\nid: ${from - 1}\n\n`)
  const heartbeat = setInterval(() => {
    if (!out.writableNeedDrain) out.write(':\n\n')
  }, HEARTBEAT_MS)
  try {
    for await (const batch of fabric.follow(signal, from)) {
      if (!out.write(frames(batch))) await drained(out, signal)
    }
  } catch (error) {
    if (!signal.aborted && isFabricError(error)) {
      out.write(`event: dropped\ndata: ${JSON.stringify(problemOf(error))}\n\n`)
    }
  } finally {
    clearInterval(heartbeat)
  }
}

/** JSON text has no raw line breaks, so an entry is one `data` line. */
function frames(batch: readonly PublishedEntry[]): Buffer {
  return Buffer.concat(batch.flatMap(({ index, bytes }) => [Buffer.from(`id: ${index}\ndata: `), bytes, FRAME_END]))
}

const FRAME_END = Buffer.from('\n\n')

/** Resolves when the reader has taken what was written. One that takes nothing for long loses its connection. */
function drained(out: ServerResponse, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const patience = setTimeout(() => out.destroy(), PATIENCE_MS)
    const done = () => {
      clearTimeout(patience)
      out.off('drain', done)
      signal.removeEventListener('abort', done)
      resolve()
    }
    out.once('drain', done)
    signal.addEventListener('abort', done, { once: true })
    if (signal.aborted) done()
  })
}
