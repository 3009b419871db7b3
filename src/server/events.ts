import type { FastifyInstance } from 'fastify'
import { principalOf } from './caller.js'
import { Frames } from './events/frames.js'
import { readStreamRequest } from './events/input.js'
import { streamEntries } from './events/stream.js'
import type { Pushing } from './push/pushing.js'

/**
 * `GET /v1/events`: the log as server-sent events (WHATWG HTML). Each id is the index of an entry and the data its stored
 * bytes. `Last-Event-ID` resumes after an entry, `from` starts at one; without either it starts now. `swarm`, `task` and
 * `type` choose which entries come.
 */
export function addEvents(app: FastifyInstance, { fabric, waits, pulse, standings, places }: Pushing): void {
  const frames = new Frames()
  app.get('/v1/events', { exposeHeadRoute: false }, async (request, reply) => {
    const principal = principalOf(request)
    const lastId = request.headers['last-event-id']
    // Where it was followed before may have been ahead of this node.
    await fabric.nodes?.reach(Number(lastId ?? -1) + 1 || 0)
    const { entries } = await fabric.status()
    const { from = entries, interest } = readStreamRequest(request.query, String(lastId ?? '') || undefined, entries)
    const leave = places.take(principal, 'sse')
    reply.hijack()
    const out = reply.raw
    // A write that races with the loss of the connection ends in this event; the wait below ends by 'close'.
    out.on('error', () => undefined)
    const stream = (signal: AbortSignal, abort: (reason: Error) => void) => {
      const stopWatching = standings.watch(principal, abort)
      const following = fabric.follow(signal, from, interest)
      return streamEntries({ out, following, from, signal, frames, pulse }).finally(stopWatching)
    }
    await waits
      .during(out, stream)
      .catch(() => out.destroy())
      .finally(leave)
  })
}
