import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Fabric } from '../fabric/fabric.js'
import { FabricError } from '../model/errors.js'
import { parseTilePath } from '../witness/tree/tile.js'

/** What is hashed never changes; a partial tile is only replaced by a wider one under another name. */
const IMMUTABLE = 'public, max-age=31536000, immutable'
const OPEN = { config: { open: true } }
const CHECKPOINT_MAX_AGE = 'no-cache'

/**
 * The log as static resources (C2SP tlog-tiles): `/checkpoint`, `/tile/<level>/<index>[.p/<width>]` and
 * `/tile/entries/...`, so that any client of such logs reads and proves this one; beside it `/vkey.txt`, the verifier key.
 */
export function addTiles(app: FastifyInstance, fabric: Fabric, publicLog = false): void {
  app.get('/checkpoint', OPEN, async (_request, reply) => {
    const { note } = await fabric.witness.published()
    return reply.header('cache-control', CHECKPOINT_MAX_AGE).type('text/plain; charset=utf-8').send(note)
  })
  app.get('/vkey.txt', OPEN, (_request, reply) => {
    return reply
      .header('cache-control', CHECKPOINT_MAX_AGE)
      .type('text/plain; charset=utf-8')
      .send(`${fabric.witness.vkey}\n`)
  })
  // Heads and hashes show nothing of what the entries say.
  const open = (path: string) => publicLog || !path.startsWith('/tile/entries/')
  app.get('/tile/*', { config: { open } }, (request, reply) => sendTile(fabric, publicLog, request, reply))
}

async function sendTile(fabric: Fabric, publicLog: boolean, request: FastifyRequest, reply: FastifyReply) {
  const path = request.url.slice(1).replace(/\?.*$/, '')
  const place = parseTilePath(path)
  if (place === undefined) {
    throw new FabricError('NOT_FOUND', `${path} is not the path of a tile; see docs/reference/witness.md.`)
  }
  const { level, index, width } = place
  const { witness } = fabric
  const content = level === 'entries' ? await witness.bundle(index, width) : await witness.tile(level, index, width)
  // Unless the log is public, its entries are for those who may read it: no cache between may keep them.
  const cache = level === 'entries' && !publicLog ? IMMUTABLE.replace('public', 'private') : IMMUTABLE
  return reply.header('cache-control', cache).type('application/octet-stream').send(content)
}
