import { describe, expect, test } from 'vitest'
import { MemoryJournal } from '../../src/journal/memory/memory-journal.js'
import { ADMIN_ACTOR } from '../../src/model/entry.js'
import { FabricError } from '../../src/model/errors.js'
import { FaultyJournal } from '../../src/testing/faulty-journal.js'
import { rotationStatement } from '../../src/witness/identity.js'
import { openCheckpoint } from '../../src/witness/note/checkpoint.js'
import { parseProof } from '../../src/witness/note/proof-file.js'
import { parseVkey } from '../../src/witness/note/verifier.js'
import { memoryStorage, type Notes } from '../../src/witness/storage.js'
import { leafHash } from '../../src/witness/tree/hash.js'
import { checkInclusion } from '../../src/witness/tree/proof.js'
import { logOf, openFixture } from './fixture.js'

const SIGN_AFTER_MS = 100
const admin = { actor: ADMIN_ACTOR }

async function entriesOf(journal: FaultyJournal): Promise<Buffer[]> {
  const entries: Buffer[] = []
  for await (const chunk of journal.read(0)) entries.push(...chunk.map(({ bytes }) => Buffer.from(bytes)))
  return entries
}

describe('a witnessed fabric', () => {
  test('names its key in the log once, and signs a head that covers everything soon after', async () => {
    const witness = memoryStorage()
    await using fabric = await openFixture({ witness })
    const { vkey } = fabric.fabric.witness
    expect(await logOf(fabric)).toEqual(['fabric_created test', 'fabric_started test', 'key_introduced test'])
    await fabric.create('A', 'B')
    await fabric.advance(SIGN_AFTER_MS)
    const published = await fabric.fabric.witness.published()
    expect(published.size).toBe(5)
    expect(openCheckpoint(published.note, [parseVkey(vkey)])).toMatchObject({ checkpoint: { origin: 'test', size: 5 } })
    expect((await fabric.fabric.status()).witness).toEqual({ vkey, size: 5, signed: 5 })
  })

  test('signs nothing while nothing happens, and at most one head in 100 ms', async () => {
    const witness = memoryStorage()
    const signed: string[] = []
    const notes = {
      ...witness.notes,
      read: witness.notes.read.bind(witness.notes),
      remove: witness.notes.remove.bind(witness.notes),
    }
    const counting = {
      ...notes,
      replace: async (name: Parameters<typeof witness.notes.replace>[0], text: string) => {
        if (name === 'checkpoint') signed.push(text)
        await witness.notes.replace(name, text)
      },
    }
    await using fabric = await openFixture({ witness: { ...witness, notes: counting } })
    await fabric.advance(10 * SIGN_AFTER_MS)
    await fabric.fabric.witness.published()
    // The empty head of a new identity, then one for the three entries of the start.
    expect(signed).toHaveLength(2)
    for (const id of ['A', 'B', 'C', 'D']) await fabric.create(id)
    await fabric.advance(SIGN_AFTER_MS)
    await fabric.fabric.witness.published()
    expect(signed).toHaveLength(3)
  })

  test('keeps its key and its history over a restart', async () => {
    const witness = memoryStorage()
    const journal = new FaultyJournal(new MemoryJournal())
    const first = await openFixture({ witness, journal })
    await first.create('A')
    const before = await first.fabric.witness.checkpoint()
    const { vkey } = first.fabric.witness
    await first.fabric.close()
    await using second = await openFixture({ witness, journal })
    expect(second.fabric.witness.vkey).toBe(vkey)
    await second.create('B')
    const after = await second.fabric.witness.checkpoint()
    expect(await logOf(second)).not.toContain('key_introduced test\nkey_introduced test')
    expect((await logOf(second)).filter((line) => line.startsWith('key_introduced'))).toHaveLength(1)
    expect(after.size).toBeGreaterThan(before.size)
  })

  test('goes on signing when a checkpoint was stored although its write failed', async () => {
    const witness = memoryStorage()
    let failing = false
    const notes: Notes = {
      read: (name) => witness.notes.read(name),
      remove: (name) => witness.notes.remove(name),
      replace: async (name, text) => {
        await witness.notes.replace(name, text)
        if (failing) throw new FabricError('STORAGE_FAILED', 'The scripted directory could not be flushed.')
      },
    }
    await using fabric = await openFixture({ witness: { ...witness, notes } })
    await fabric.create('A')
    failing = true
    await expect(fabric.fabric.witness.checkpoint()).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    failing = false
    await fabric.create('B')
    expect(await fabric.fabric.witness.checkpoint()).toMatchObject({ size: 5 })
  })

  test('proves any entry to whoever has the verifier key', async () => {
    await using fabric = await openFixture({ witness: memoryStorage() })
    await fabric.create('A', 'B', 'C')
    const verifier = parseVkey(fabric.fabric.witness.vkey)
    const entries = await entriesOf(fabric.journal)
    for (const [index, bytes] of entries.entries()) {
      const { index: proved, hashes, checkpoint } = parseProof(await fabric.fabric.witness.prove(index))
      const { size, root } = openCheckpoint(checkpoint, [verifier]).checkpoint
      expect(proved).toBe(index)
      expect(checkInclusion({ index, size, leaf: leafHash(bytes), root }, hashes)).toBeUndefined()
    }
    await expect(fabric.fabric.witness.prove(entries.length)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('an entry is in the tree only when it is durable, and then also when its acknowledgement was lost', async () => {
    await using fabric = await openFixture({ witness: memoryStorage() })
    fabric.journal.failNextAppend()
    await expect(fabric.create('A')).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    expect(fabric.fabric.witness.size).toBe(3)
    fabric.journal.loseNextAcknowledgement()
    await fabric.create('B')
    expect(fabric.fabric.witness.size).toBe(4)
    expect(await fabric.fabric.witness.checkpoint()).toMatchObject({ size: 4 })
  })

  test('a fabric without a witness says so', async () => {
    await using fabric = await openFixture()
    expect(() => fabric.fabric.witness).toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }))
    await expect(fabric.fabric.putBlob(Buffer.from('x'), undefined, admin)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    })
    expect((await fabric.fabric.status()).witness).toBeUndefined()
  })
})

describe('what was signed', () => {
  async function history(tasks: readonly string[]) {
    const witness = memoryStorage()
    const journal = new FaultyJournal(new MemoryJournal())
    const fabric = await openFixture({ witness, journal })
    await fabric.create(...tasks)
    await fabric.fabric.close()
    return { witness, journal }
  }

  test('binds the next start: a shorter log is not run', async () => {
    const { witness } = await history(['A', 'B'])
    const older = await history([])
    await expect(openFixture({ witness, journal: older.journal })).rejects.toMatchObject({ code: 'LOG_DIVERGED' })
    expect(await witness.notes.read('incident')).toMatch(/the journal has 3 entries, but 5 were witnessed/)
  })

  test('binds the next start: a log of the same length with another entry is not run', async () => {
    const { witness, journal } = await history(['A', 'B'])
    await journal.open()
    const entries = await entriesOf(journal)
    const forged = new MemoryJournal()
    await forged.open()
    entries[4] = Buffer.from(entries[4]?.toString().replace('"B"', '"X"') ?? '')
    await forged.append(0, { writerId: 'x', batchId: 'x', entries })
    await forged.close()
    await expect(openFixture({ witness, journal: new FaultyJournal(forged) })).rejects.toMatchObject({
      code: 'LOG_DIVERGED',
    })
  })

  test('binds the next start: stored hashes that were lost are computed anew and held against it', async () => {
    const { witness, journal } = await history(['A', 'B'])
    const { hashes, postings } = memoryStorage()
    const again = await openFixture({ witness: { ...witness, hashes, postings }, journal })
    expect(again.fabric.witness.size).toBeGreaterThan(5)
    await again.fabric.close()
    const other = await history(['A', 'C', 'D'])
    const fresh = memoryStorage()
    await expect(
      openFixture({ witness: { ...witness, hashes: fresh.hashes, postings: fresh.postings }, journal: other.journal }),
    ).rejects.toMatchObject({ code: 'LOG_DIVERGED' })
  })

  test('binds the next start, not the stored hashes: damaged ones are computed anew, or refused when they are used', async () => {
    const { witness, journal } = await history(Array.from({ length: 300 }, (_, at) => `T-${at}`))
    const stored = async () => witness.hashes.read(0, 0, witness.hashes.counts()[0] ?? 0)
    const flip = async (index: number) => {
      const hashes = await stored()
      hashes.writeUInt8(hashes.readUInt8(index * 32) ^ 1, index * 32)
      await witness.hashes.truncate(0, 0)
      witness.hashes.append(0, hashes)
    }
    const sound = await stored()
    await flip(sound.length / 32 - 1)
    const mended = await openFixture({ witness, journal })
    expect(mended.faults).toEqual([expect.objectContaining({ code: 'DATA_CORRUPT' })])
    expect((await mended.fabric.witness.tile(0, 0, 256)).equals(sound.subarray(0, 256 * 32))).toBe(true)
    await mended.fabric.close()
    await flip(0)
    await using refusing = await openFixture({ witness, journal })
    await expect(refusing.fabric.witness.prove(3)).rejects.toMatchObject({ code: 'DATA_CORRUPT' })
    await expect(refusing.fabric.witness.prove(200)).resolves.toContain('tlog-proof')
  })

  test('a lost identity is not made anew, unless it was set aside', async () => {
    const { witness, journal } = await history(['A'])
    const fresh = memoryStorage()
    await expect(openFixture({ witness: fresh, journal })).rejects.toMatchObject({ code: 'DATA_CORRUPT' })
    await fresh.notes.replace('retired', '')
    await using again = await openFixture({ witness: fresh, journal })
    const replaced = (await entriesOf(again.journal)).map((bytes) => JSON.parse(bytes.toString())).at(-1)
    expect(replaced).toMatchObject({ data: { vkey: again.fabric.witness.vkey, replaces: expect.any(String) } })
    expect(await fresh.notes.read('retired')).toBeUndefined()
    expect(await witness.notes.read('key')).toBeDefined()
  })

  test('binds a running fabric: a journal that comes back shorter stops it', async () => {
    const inner = new MemoryJournal()
    const journal = new FaultyJournal(inner)
    const fabric = await openFixture({ witness: memoryStorage(), journal })
    await fabric.create('A', 'B')
    journal.fenceNextAppend({ writerId: 'x', batchId: 'x', entries: [Buffer.from('x')] })
    const shorter = new MemoryJournal()
    await shorter.open()
    journal.head = () => shorter.head()
    await expect(fabric.create('C')).rejects.toMatchObject({ code: 'LOG_DIVERGED' })
    expect((await fabric.fabric.failed).code).toBe('LOG_DIVERGED')
    await fabric.fabric.close()
  })

  test('a lost key or checkpoint is told, not replaced', async () => {
    const { witness, journal } = await history(['A'])
    const checkpoint = (await witness.notes.read('checkpoint')) ?? ''
    await witness.notes.remove('checkpoint')
    await expect(openFixture({ witness, journal })).rejects.toMatchObject({ code: 'DATA_CORRUPT' })
    await witness.notes.replace('checkpoint', checkpoint)
    await witness.notes.remove('key')
    await expect(openFixture({ witness, journal })).rejects.toMatchObject({ code: 'DATA_CORRUPT' })
  })

  test('any changed character of the stored checkpoint is noticed', async () => {
    const { witness, journal } = await history(['A'])
    const checkpoint = (await witness.notes.read('checkpoint')) ?? ''
    for (let at = 0; at < checkpoint.length; at += 7) {
      const flipped = String.fromCharCode(checkpoint.charCodeAt(at) ^ 1)
      await witness.notes.replace('checkpoint', checkpoint.slice(0, at) + flipped + checkpoint.slice(at + 1))
      await expect(openFixture({ witness, journal })).rejects.toMatchObject({ code: 'DATA_CORRUPT' })
    }
  })
})

describe('a rotation of the key', () => {
  test('is an entry that the old key signed, and the next head is signed by both', async () => {
    await using fabric = await openFixture({ witness: memoryStorage() })
    const old = fabric.fabric.witness.vkey
    const rotation = await fabric.fabric.witness.rotateKey(admin)
    expect(rotation.previous).toBe(old)
    expect(fabric.fabric.witness.vkey).toBe(rotation.vkey)
    const statement = rotationStatement('test', old, rotation.vkey)
    expect(parseVkey(old).verify(statement, Buffer.from(rotation.signature, 'base64'))).toBe(true)
    expect((await logOf(fabric)).at(-1)).toBe('key_rotated test')
    const last = (await fabric.fabric.witness.checkpoint()).note
    for (const vkey of [old, rotation.vkey]) expect(() => openCheckpoint(last, [parseVkey(vkey)])).not.toThrow()
    await fabric.create('A')
    const after = (await fabric.fabric.witness.checkpoint()).note
    expect(() => openCheckpoint(after, [parseVkey(old)])).toThrow(expect.objectContaining({ code: 'PROOF_INVALID' }))
    expect(() => openCheckpoint(after, [parseVkey(rotation.vkey)])).not.toThrow()
  })

  /** Storage whose process dies at the nth change of a note: from then on nothing is stored any more. */
  function dyingStorage(changes: number) {
    const inner = memoryStorage()
    let left = changes
    const alive = () => {
      left -= 1
      return left >= 0
    }
    const dead = () => Promise.reject(new FabricError('STORAGE_FAILED', 'The scripted process is dead.'))
    const notes: Notes = {
      read: (name) => inner.notes.read(name),
      replace: (name, text) => (alive() ? inner.notes.replace(name, text) : dead()),
      remove: (name) => (alive() ? inner.notes.remove(name) : dead()),
    }
    return { inner, storage: { ...inner, notes }, dieIn: (count: number) => (left = count) }
  }

  test('is finished or never happened at the next start, wherever a crash ended it, and the old key vouches for it', async () => {
    const outcomes = new Set<string>()
    for (let changes = 0; changes < 8; changes += 1) {
      const { inner, storage, dieIn } = dyingStorage(Number.POSITIVE_INFINITY)
      const journal = new FaultyJournal(new MemoryJournal())
      const first = await openFixture({ witness: storage, journal })
      const { vkey } = first.fabric.witness
      dieIn(changes)
      await first.fabric.witness.rotateKey(admin).catch(() => undefined)
      dieIn(0)
      await first.fabric.close().catch(() => undefined)
      const second = await openFixture({ witness: inner, journal })
      const log = await logOf(second)
      expect(log.filter((line) => line.startsWith('key_introduced'))).toHaveLength(1)
      const rotated = log.includes('key_rotated test')
      outcomes.add(`${rotated}`)
      expect(second.fabric.witness.vkey !== vkey).toBe(rotated)
      await second.create('A')
      const { note } = await second.fabric.witness.checkpoint()
      expect(() => openCheckpoint(note, [parseVkey(second.fabric.witness.vkey)])).not.toThrow()
      await second.fabric.close()
      await using third = await openFixture({ witness: inner, journal })
      expect(await inner.notes.read('next-key')).toBeUndefined()
      await third.fabric.witness.rotateKey(admin)
    }
    expect([...outcomes].sort()).toEqual(['false', 'true'])
  })

  test('of which two are asked for at once happens twice, each vouched for by the one before', async () => {
    await using fabric = await openFixture({ witness: memoryStorage() })
    const { vkey } = fabric.fabric.witness
    const [one, two] = await Promise.all([
      fabric.fabric.witness.rotateKey(admin),
      fabric.fabric.witness.rotateKey(admin),
      fabric.fabric.witness.checkpoint(),
    ])
    expect([one.previous, two.previous]).toEqual([vkey, one.vkey])
    expect(fabric.fabric.witness.vkey).toBe(two.vkey)
  })

  test('survives an orderly stop right behind it', async () => {
    const witness = memoryStorage()
    const journal = new FaultyJournal(new MemoryJournal())
    const first = await openFixture({ witness, journal })
    await Promise.all([first.fabric.witness.rotateKey(admin), first.fabric.witness.checkpoint()])
    const { vkey } = first.fabric.witness
    await first.fabric.close()
    await using second = await openFixture({ witness, journal })
    expect(second.fabric.witness.vkey).toBe(vkey)
  })

  test('whose append was lost from sight is settled by the log', async () => {
    const witness = memoryStorage()
    const journal = new FaultyJournal(new MemoryJournal())
    const first = await openFixture({ witness, journal })
    journal.failNextFlush()
    await expect(first.fabric.witness.rotateKey(admin)).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    await first.fabric.close()
    await using second = await openFixture({ witness, journal })
    const log = await logOf(second)
    expect(log).toContain('key_rotated test')
    expect(log.filter((line) => line.startsWith('key_introduced'))).toHaveLength(1)
  })

  test('whose entry fails leaves the old key in place', async () => {
    await using fabric = await openFixture({ witness: memoryStorage() })
    const { vkey } = fabric.fabric.witness
    fabric.journal.failNextAppend()
    await expect(fabric.fabric.witness.rotateKey(admin)).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    expect(fabric.fabric.witness.vkey).toBe(vkey)
    await fabric.fabric.witness.rotateKey(admin)
    expect(fabric.fabric.witness.vkey).not.toBe(vkey)
  })
})

describe('refusals that matter for security', () => {
  test('are entries with their count, and the first of a kind is durable before it is answered', async () => {
    await using fabric = await openFixture({ witness: memoryStorage() })
    await fabric.create('A')
    await fabric.register('a', 'b')
    const { epoch } = await fabric.claim('A', 'a')
    const late = () =>
      fabric.send({ type: 'complete_task', task: 'A', epoch: epoch + 1, evidence: [] } as never).catch((e) => e.code)
    expect(await Promise.all(Array.from({ length: 50 }, late))).toEqual(Array(50).fill('STALE_CLAIM'))
    expect((await logOf(fabric)).filter((line) => line === 'request_refused A')).toHaveLength(1)
    await fabric.advance(5_000)
    const refused = (await entriesOf(fabric.journal))
      .map((bytes) => JSON.parse(bytes.toString()))
      .filter(({ type }) => type === 'infrafabric.fabric.request_refused.v1')
    expect(refused.map(({ data }) => [data.code, data.operation, data.task, data.count])).toEqual([
      ['STALE_CLAIM', 'complete_task', 'A', 1],
      ['STALE_CLAIM', 'complete_task', 'A', 49],
    ])
  })

  test('that are still counted are written when the fabric closes', async () => {
    const journal = new FaultyJournal(new MemoryJournal())
    const fabric = await openFixture({ journal })
    for (let count = 0; count < 3; count += 1) {
      fabric.fabric.noteRefusal({ code: 'UNAUTHENTICATED', operation: 'GET /v1/tasks', actor: 'anonymous' })
    }
    await fabric.fabric.close()
    await journal.open()
    const counts = (await entriesOf(journal))
      .map((bytes) => JSON.parse(bytes.toString()))
      .filter(({ subject }) => subject === 'GET /v1/tasks')
      .map(({ data, actor }) => [actor, data.count])
    expect(counts).toEqual([
      ['anonymous', 1],
      ['anonymous', 2],
    ])
  })

  test('in a flood of requests are answered later and later requests wait', async () => {
    await using fabric = await openFixture()
    const refusal = { code: 'UNAUTHENTICATED', operation: 'GET /x', actor: 'anonymous' } as const
    for (let count = 0; count < 200; count += 1) await fabric.fabric.noteRefusal(refusal)
    let answered = false
    const last = fabric.fabric.noteRefusal(refusal).then(() => {
      answered = true
    })
    fabric.timing.advance(99)
    await new Promise(setImmediate)
    expect(answered).toBe(false)
    fabric.timing.advance(1)
    await last
  })

  test('in a flood let the commands of others pass', async () => {
    await using fabric = await openFixture()
    await fabric.register('a', 'zombie')
    await fabric.create(...Array.from({ length: 40 }, (_, at) => `T-${at}`))
    const flood = () =>
      fabric.fabric
        .submit({ type: 'release_task', task: 'T-0', epoch: 1 } as never, { actor: 'swarm:zombie' })
        .catch((error) => error.code)
    await Promise.all(Array.from({ length: 300 }, flood))
    const answered: string[] = []
    const refusals = Array.from({ length: 2_000 }, () => flood().then((code) => answered.push(code)))
    const accepted = fabric.create('late').then(() => answered.push('created'))
    await Promise.all([...refusals, accepted])
    // It came last and was in the first batch all the same, beside 32 of the flood.
    expect(answered.indexOf('created')).toBeLessThanOrEqual(32)
  })
})

describe('refusals whose entry could not be written', () => {
  test('are counted into the next one', async () => {
    await using fabric = await openFixture()
    await fabric.create('A')
    const late = () =>
      fabric.send({ type: 'release_task', task: 'A', epoch: 1 } as never).catch((error: FabricError) => error.code)
    fabric.journal.failNextAppend()
    expect(await late()).toBe('STORAGE_FAILED')
    expect(await late()).toBe('STALE_CLAIM')
    fabric.journal.failNextAppend()
    await fabric.fabric.noteRefusal({ code: 'UNAUTHENTICATED', operation: 'GET /x', actor: 'anonymous' })
    await fabric.advance(5_000)
    const counts = (await entriesOf(fabric.journal))
      .map((bytes) => JSON.parse(bytes.toString()))
      .filter(({ type }) => type.includes('request_refused'))
      .map(({ subject, data }) => [subject, data.count])
    expect(counts).toEqual([
      ['A', 2],
      ['GET /x', 1],
    ])
  })
})

describe('secrets', () => {
  test('never reach the log, the state or a reply', async () => {
    const witness = memoryStorage()
    await using fabric = await openFixture({ witness })
    const secret = 'ghp_0123456789abcdefghijABCDEFGHIJ012345'
    await fabric.send(
      { type: 'register_swarm', swarm: 'a', capabilities: [], capacity: 1, metadata: { note: `uses ${secret}` } },
      'key-1',
    )
    const log = Buffer.concat(await entriesOf(fabric.journal)).toString()
    expect(log).not.toContain(secret)
    expect(log).toMatch(/\[redacted:[a-z-]+:[0-9a-f]{16}\]/)
    const rows = await fabric.fabric.read((state) => JSON.stringify([...state.rows()]))
    expect(rows).not.toContain(secret)
  })
})

describe('names', () => {
  const secret = 'ghp_0123456789abcdefghijABCDEFGHIJ012345'

  test('that look like secrets are refused, and keys that do are replaced', async () => {
    await using fabric = await openFixture({ witness: memoryStorage() })
    await fabric.register('a')
    const { fabric: opened } = fabric
    await expect(opened.submit({ type: 'retire_swarm', swarm: secret }, admin)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
    await expect(
      opened.submit({ type: 'retire_swarm', swarm: 'a' }, { actor: `swarm:${secret}` }),
    ).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await fabric.send({ type: 'retire_swarm', swarm: 'a' }, secret)
    await fabric.send({ type: 'retire_swarm', swarm: 'a' }, secret)
    expect((await logOf(fabric)).filter((line) => line === 'swarm_retired a')).toHaveLength(1)
    expect(Buffer.concat(await entriesOf(fabric.journal)).toString()).not.toContain(secret)
  })
})

describe('blobs', () => {
  test('that a crash left although their entry says that they are deleted are removed at the next start', async () => {
    const witness = memoryStorage()
    const journal = new FaultyJournal(new MemoryJournal())
    const first = await openFixture({ witness, journal })
    const kept = await first.fabric.putBlob(Buffer.from('kept'), undefined, admin)
    const deleted = await first.fabric.putBlob(Buffer.from('deleted'), undefined, admin)
    await first.fabric.deleteBlob(deleted.sha256, `held ghp_0123456789abcdefghijABCDEFGHIJ012345`, admin)
    expect((await entriesOf(journal)).at(-1)?.toString()).toContain('held [redacted:')
    await first.fabric.close()
    await witness.blobs.put(Buffer.from('deleted'))
    await using second = await openFixture({ witness, journal })
    expect(await witness.blobs.has(kept.sha256)).toBe(true)
    expect(await witness.blobs.has(deleted.sha256)).toBe(false)
    expect((await second.fabric.getBlob(kept.sha256)).toString()).toBe('kept')
  })

  test('lie beside the log: deleting one leaves its name and a log that proves as before', async () => {
    await using fabric = await openFixture({ witness: memoryStorage() })
    const content = Buffer.alloc(200_000, 'x')
    const stored = await fabric.fabric.putBlob(content, 'text/plain', admin)
    expect(await fabric.fabric.putBlob(content, 'text/plain', admin)).toEqual(stored)
    expect((await logOf(fabric)).filter((line) => line.startsWith('blob_stored'))).toHaveLength(1)
    expect((await fabric.fabric.getBlob(stored.sha256)).equals(content)).toBe(true)
    const before = await fabric.fabric.witness.checkpoint()
    await fabric.fabric.deleteBlob(stored.sha256, 'retention', admin)
    await expect(fabric.fabric.getBlob(stored.sha256)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    const after = await fabric.fabric.witness.checkpoint()
    expect((await logOf(fabric)).at(-1)).toBe(`blob_deleted ${stored.sha256}`)
    expect(after.size).toBe(before.size + 1)
    await expect(fabric.fabric.witness.prove(before.size - 1)).resolves.toContain('c2sp.org/tlog-proof@v1')
  })

  test('survive a restart in the state, and what was never stored is told from what was deleted', async () => {
    const witness = memoryStorage()
    const journal = new FaultyJournal(new MemoryJournal())
    const first = await openFixture({ witness, journal })
    const { sha256 } = await first.fabric.putBlob(Buffer.from('evidence'), undefined, admin)
    await first.fabric.close()
    await using second = await openFixture({ witness, journal })
    expect((await second.fabric.getBlob(sha256)).toString()).toBe('evidence')
    await expect(second.fabric.getBlob('0'.repeat(64))).rejects.toThrow(/ever stored/)
    await second.fabric.deleteBlob(sha256, 'no longer needed', admin)
    await expect(second.fabric.getBlob(sha256)).rejects.toThrow(/deleted/)
  })
})
