import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Cosigner } from '../../../src/witness/cosign/cosigner.js'
import type { CosignerStore } from '../../../src/witness/cosign/store.js'
import { submitCheckpoint } from '../../../src/witness/cosign/submit.js'
import { formatNote, formatSignature, parseNote, verifyNote } from '../../../src/witness/note/note.js'
import { CosignatureSigner } from '../../../src/witness/note/signer.js'
import { SampleLog } from './sample-log.js'

interface Scripted {
  readonly status: number
  readonly body?: string
  readonly headers?: Record<string, string>
}

const signer = CosignatureSigner.generate('witness.example/w1')

/** What came in, and what goes out: from the script while it lasts, then from a real cosigner. */
let bodies: string[]
let script: (Scripted | 'silence' | 'hang up' | 'endless')[]
let server: Server
let url: string
let log: SampleLog

beforeEach(async () => {
  bodies = []
  script = []
  log = await SampleLog.of(40)
  const stored = new Map<string, string>()
  const store: CosignerStore = {
    load: async (origin) => stored.get(origin),
    save: async (origin, note) => void stored.set(origin, note),
  }
  const cosigner = new Cosigner({ signer, logs: [log.signer.verifier], store, clock: { now: () => 5_000 } })
  server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    bodies.push(`${request.method} ${request.url} ${body}`)
    const next = script.shift()
    if (next === 'silence') return
    if (next === 'hang up') return void request.socket.destroy()
    if (next === 'endless') {
      response.writeHead(404)
      const fill = () => {
        while (response.write('x'.repeat(16_384)));
      }
      response.on('drain', fill)
      return fill()
    }
    const reply = next ?? (await cosigner.addCheckpoint(body))
    response.writeHead(reply.status, 'headers' in reply ? reply.headers : {}).end(reply.body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

async function submit(size: number, knownSize: number, options: { timeoutMs?: number; signal?: AbortSignal } = {}) {
  const witness = { verifier: signer.verifier, url }
  return submitCheckpoint({ witness, note: await log.note(size), tree: log.tree, knownSize, ...options })
}

describe('submitting a checkpoint', () => {
  test('brings a cosignature that belongs to the note', async () => {
    const outcome = await submit(7, 0)
    expect(outcome).toEqual({
      outcome: 'cosigned',
      timestamp: 5,
      line: expect.stringMatching(/^— witness.example\/w1 /),
    })
    const text = await log.text(7)
    const line = outcome.outcome === 'cosigned' ? outcome.line : ''
    expect(verifyNote(parseNote(formatNote(text, [line])), [signer.verifier]).verified).toHaveLength(1)
    expect(await submit(20, 7)).toMatchObject({ outcome: 'cosigned' })
    expect(await submit(20, 20)).toMatchObject({ outcome: 'cosigned' })
    expect(bodies).toHaveLength(3)
    expect(bodies.every((body) => body.startsWith('POST /add-checkpoint old '))).toBe(true)
  })

  test('below a prefix with or without a slash at its end', async () => {
    url = `${url}/some/where/`
    expect(await submit(7, 0)).toMatchObject({ outcome: 'cosigned' })
    expect(bodies[0]).toMatch('POST /some/where/add-checkpoint old 0\n\n')
  })

  test('is tried once more from the size that the witness names', async () => {
    await submit(7, 0)
    for (const [known, size] of [
      [0, 10],
      [3, 13],
      [14, 20],
    ] as const) {
      bodies = []
      expect(await submit(size, known)).toMatchObject({ outcome: 'cosigned' })
      expect(bodies).toHaveLength(2)
    }
  })

  test('is not tried a third time', async () => {
    script = [
      { status: 409, body: '3\n' },
      { status: 409, body: '4\n' },
    ]
    expect(await submit(7, 0)).toMatchObject({ outcome: 'refused', status: 409 })
    expect(bodies).toHaveLength(2)
  })

  test('finds that the witness has seen a longer log', async () => {
    await submit(20, 0)
    for (const knownSize of [0, 7, 20, 30]) expect(await submit(7, knownSize)).toEqual({ outcome: 'ahead', size: 20 })
    script = [
      { status: 409, body: '3\n' },
      { status: 409, body: '8\n' },
    ]
    expect(await submit(7, 0)).toEqual({ outcome: 'ahead', size: 8 })
  })

  test('finds that the witness has seen another log', async () => {
    await submit(7, 0)
    log = await SampleLog.of(40, log.signer, 'other')
    expect(await submit(20, 7)).toEqual({ outcome: 'fork' })
    expect(await submit(7, 0)).toEqual({ outcome: 'fork' })
  })

  test.each([400, 401, 403, 404, 405, 201, 204])('says which status refused it: %d', async (status) => {
    script = [{ status }]
    expect(await submit(7, 0)).toMatchObject({ outcome: 'refused', status, reason: expect.any(String) })
  })

  test.each([301, 302, 307, 308])('follows no redirect: %d', async (status) => {
    script = [{ status, headers: { location: `${url}/add-checkpoint` } }]
    expect(await submit(7, 0)).toMatchObject({ outcome: 'refused', status })
    expect(bodies).toHaveLength(1)
  })

  test.each([429, 500, 502, 503])('comes back later after %d', async (status) => {
    script = [{ status }]
    expect(await submit(7, 0)).toEqual({ outcome: 'unreachable', reason: `it answers ${status}` })
  })

  test.each(['', '7', 'seven\n', '-1\n', '07\n', '7\n7\n', ' 7\n', '9007199254740992\n'])(
    'takes no size from a conflict that says %j',
    async (body) => {
      script = [{ status: 409, body }]
      expect(await submit(7, 0)).toMatchObject({ outcome: 'refused', status: 409 })
      expect(bodies).toHaveLength(1)
    },
  )

  test('takes no cosignature that does not hold, is of another text, of another key, or is none', async () => {
    const text = await log.text(7)
    const other = CosignatureSigner.generate(signer.name)
    const good = signer.sign(text, 9)
    const atZero = Buffer.concat([Buffer.alloc(8), signer.signature(`cosignature/v1\ntime 0\n${text}`)])
    const untimed = formatSignature({ name: signer.name, keyId: signer.keyId, signature: atZero })
    expect(signer.verifier.verify(text, atZero)).toBe(true)
    for (const body of [
      '',
      '\n',
      good,
      `${good}\n\n`,
      `\n${good}\n`,
      `${text}\n${good}\n`,
      `${signer.sign(await log.text(8), 9)}\n`,
      `${other.sign(text, 9)}\n`,
      `${log.signer.sign(text)}\n`,
      `${good}\n${signer.sign(await log.text(8), 9)}\n`,
      `extra\n\n${signer.sign(`${text}\nextra\n`, 9)}\n`,
      `${untimed}\n`,
      '<html></html>\n',
      `${good}\n`.repeat(101),
    ]) {
      script = [{ status: 200, body }]
      expect(await submit(7, 0)).toMatchObject({ outcome: 'refused', status: 200 })
    }
  })

  test('passes over cosignatures of other keys, and takes the newest of its own', async () => {
    const text = await log.text(7)
    const other = CosignatureSigner.generate('witness.example/w2')
    const lines = [other.sign(text, 99), signer.sign(text, 8), signer.sign(text, 9), signer.sign(text, 3)]
    script = [{ status: 200, body: lines.map((line) => `${line}\n`).join('') }]
    expect(await submit(7, 0)).toEqual({ outcome: 'cosigned', timestamp: 9, line: lines[2] })
  })

  test('reads no more of an answer than it must', async () => {
    const text = await log.text(7)
    script = [{ status: 200, body: `${signer.sign(text, 9)}\n${'x'.repeat(1_000_000)}` }]
    expect(await submit(7, 0)).toMatchObject({ outcome: 'refused', status: 200 })
    script = ['endless']
    expect(await submit(7, 0)).toMatchObject({ outcome: 'refused', status: 404 })
  })

  test('ends when no answer comes in time, or its caller ends it', async () => {
    script = ['silence', 'silence']
    expect(await submit(7, 0, { timeoutMs: 20 })).toEqual({
      outcome: 'unreachable',
      reason: 'it does not answer in time',
    })
    const ending = new AbortController()
    const outcome = submit(7, 0, { signal: ending.signal })
    ending.abort()
    expect(await outcome).toEqual({ outcome: 'unreachable', reason: 'the attempt was ended' })
  })

  test('says why a witness cannot be reached', async () => {
    script = ['hang up']
    expect(await submit(7, 0)).toMatchObject({ outcome: 'unreachable', reason: expect.stringMatching(/./) })
    await new Promise((resolve) => server.close(resolve))
    expect(await submit(7, 0)).toEqual({ outcome: 'unreachable', reason: 'ECONNREFUSED' })
    url = 'no address'
    expect(await submit(7, 0)).toMatchObject({ outcome: 'unreachable', reason: 'ERR_INVALID_URL' })
  })

  test('fails with what the tree says when it cannot prove', async () => {
    const tree = { consistencyProof: () => Promise.reject(new Error('tile is damaged')) }
    const witness = { verifier: signer.verifier, url }
    const note = await log.note(7)
    await expect(submitCheckpoint({ witness, note, tree, knownSize: 3 })).rejects.toThrow('tile is damaged')
    expect(bodies).toEqual([])
  })
})
