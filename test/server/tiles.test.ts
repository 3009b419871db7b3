import { describe, expect, test } from 'vitest'
import { openCheckpoint } from '../../src/witness/note/checkpoint.js'
import { parseVkey } from '../../src/witness/note/verifier.js'
import { decodeBundle } from '../../src/witness/tree/bundle.js'
import { leafHash } from '../../src/witness/tree/hash.js'
import { MemoryHashStore } from '../../src/witness/tree/hash-store.js'
import { MerkleTree } from '../../src/witness/tree/tree.js'
import { rawRequest } from '../support/raw-http.js'
import { type ServedFabric, serveFabric, until } from '../support/served-fabric.js'

/** Without a token. */
function get(served: ServedFabric, path: string): Promise<Response> {
  return fetch(served.server.url + path)
}

/** Has what was done so far signed: the clock of these tests stands still. */
async function published(served: ServedFabric): Promise<string> {
  await served.fabric.witness.checkpoint()
  served.timing.advance(100)
  const answer = await get(served, '/checkpoint')
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8')
  expect(answer.headers.get('cache-control')).toBe('no-cache')
  return answer.text()
}

describe('the log as static resources', () => {
  test('heads and hashes are open; from the entries anyone computes the signed root', async () => {
    await using served = await serveFabric()
    for (let task = 0; task < 300; task += 1) await served.client.task.create({ id: `T-${task}`, title: 'x' })
    const note = await published(served)
    const { size, root } = openCheckpoint(note, [parseVkey(served.fabric.witness.vkey)]).checkpoint
    expect(size).toBeGreaterThan(600)
    const tree = await MerkleTree.open(new MemoryHashStore())
    for (let index = 0; index * 256 < size; index += 1) {
      const width = Math.min(256, size - index * 256)
      const name = `00${index}${width === 256 ? '' : `.p/${width}`}`
      const tile = await get(served, `/tile/0/${name}`)
      expect(tile.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
      const hashes = Buffer.from(await tile.arrayBuffer())
      const bundle = await served.request(`/tile/entries/${name}`)
      expect(bundle.headers.get('cache-control')).toBe('private, max-age=31536000, immutable')
      const entries = decodeBundle(Buffer.from(await bundle.arrayBuffer()), width)
      expect(Buffer.concat(entries.map(leafHash)).equals(hashes)).toBe(true)
      for (const entry of entries) tree.append(entry)
    }
    expect(tree.head().equals(root)).toBe(true)
  })

  test('the verifier key is served as well, for whoever compares it with the one that was given', async () => {
    await using served = await serveFabric()
    expect(await (await get(served, '/vkey.txt')).text()).toBe(`${served.fabric.witness.vkey}\n`)
  })

  test('entries need the token, unless the log is public', async () => {
    await using closed = await serveFabric()
    expect((await get(closed, '/tile/entries/000.p/1')).status).toBe(401)
    expect((await get(closed, '/tile/0/000.p/1')).status).toBe(200)
    expect((await get(closed, '/tile/../v1/tasks')).status).toBe(401)
    expect((await get(closed, '/tile/%2e%2e/v1/tasks')).status).toBe(401)
    await using open = await serveFabric({ publicLog: true })
    expect((await get(open, '/tile/entries/000.p/1')).status).toBe(200)
    expect((await get(open, '/v1/tasks')).status).toBe(401)
  })

  test('what is not there, or not written canonically, is not found', async () => {
    await using served = await serveFabric()
    for (const path of [
      '0/000',
      '0/000.p/250',
      '1/000.p/1',
      '0/0',
      '0/000.p/0',
      '0/000.p/256',
      '64/000',
      'entries',
      '',
    ]) {
      const answer = await get(served, `/tile/${path}`)
      expect([path, answer.status]).toEqual([path, path.startsWith('entries/') ? 401 : 404])
      expect(answer.headers.get('content-type')).toContain('application/problem+json')
    }
  })
})

describe('refused requests', () => {
  test('are in the log: route, code and address, never the token or the path that was typed', async () => {
    await using served = await serveFabric()
    const url = `${served.server.url}/v1/tasks/secret-path`
    for (let time = 0; time < 3; time += 1) {
      expect((await rawRequest(url, { headers: { authorization: 'Bearer wrong-token-123456' } })).status).toBe(401)
    }
    expect((await rawRequest(url, { headers: { host: 'evil.example' } })).status).toBe(403)
    expect((await rawRequest(`${served.server.url}/nowhere/secret-path`)).status).toBe(401)
    const find = async () =>
      (await served.fabric.witness.query({ operation: 'request_refused' }, { from: 0, limit: 9 })).entries
    await until(async () => (await find()).length === 3)
    served.timing.advance(5_000)
    await until(async () => (await find()).length === 4)
    const events = (await find()).map(({ bytes }) => JSON.parse(Buffer.from(bytes).toString()))
    expect(events.map(({ actor, data }) => [actor, data.code, data.operation, data.count, data.remote])).toEqual([
      ['anonymous', 'UNAUTHENTICATED', 'GET /v1/tasks/:task', 1, '127.0.0.1'],
      ['anonymous', 'FORBIDDEN', 'GET /v1/tasks/:task', 1, '127.0.0.1'],
      ['anonymous', 'UNAUTHENTICATED', 'GET ?', 1, '127.0.0.1'],
      ['anonymous', 'UNAUTHENTICATED', 'GET /v1/tasks/:task', 2, '127.0.0.1'],
    ])
    expect(JSON.stringify(events)).not.toMatch(/wrong-token|secret-path|evil/)
  })
})
