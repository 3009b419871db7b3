import { describe, expect, test } from 'vitest'
import { ADMIN_ACTOR } from '../../../src/model/entry.js'
import { makeTask } from '../../../src/testing/factories.js'
import { openTestFabric } from '../../../src/testing/test-fabric.js'
import { TestNodes } from '../../../src/testing/test-nodes.js'
import { sharedKeys } from '../../../src/witness/shared-keys.js'
import { memoryStorage } from '../../../src/witness/storage.js'

describe('keys that nodes share', () => {
  test('follow from the secret, the name of the fabric and the key before, and from nothing else', () => {
    const keys = sharedKeys(Buffer.from('one secret'))
    const first = keys.next('demo', undefined)
    const third = keys.next('demo', keys.next('demo', first.vkey).vkey)
    expect(sharedKeys(Buffer.from('one secret')).find?.('demo', third.vkey, undefined)?.skey).toBe(third.skey)
    expect(keys.find?.('demo', third.vkey, first.vkey)?.vkey).toBe(third.vkey)
    expect(keys.find?.('other', third.vkey, undefined)).toBeUndefined()
    expect(sharedKeys(Buffer.from('another')).find?.('demo', first.vkey, undefined)).toBeUndefined()
    expect(keys.redactionKey).not.toEqual(sharedKeys(Buffer.from('another')).redactionKey)
  })

  test('take over from the key of the one data directory that a log had before', async () => {
    const storage = memoryStorage()
    const before = await openTestFabric({ witness: storage })
    await before.fabric.submit({ type: 'create_task', task: makeTask('t1') }, { actor: ADMIN_ACTOR })
    const own = before.fabric.witness.vkey
    const entries: Uint8Array[] = []
    for await (const chunk of before.journal.read(0)) entries.push(...chunk.map(({ bytes }) => bytes.slice()))
    await before.fabric.close()

    const all = await TestNodes.open({ count: 0, witness: (id) => (id === 'n1' ? storage : memoryStorage()) })
    await using _ = all
    await all.log.seed(entries)
    // The secret does not give that key, so one who has it must come first.
    await expect(all.during(all.add('n2'))).rejects.toMatchObject({ code: 'CONFLICT', details: { vkey: own } })
    await all.advance(6_000)
    const n1 = await all.during(all.add('n1'))
    await all.advance(1_000)
    expect(n1.fabric.witness.vkey).not.toBe(own)
    const n3 = await all.during(all.add('n3'))
    expect(n3.fabric.witness.vkey).toBe(n1.fabric.witness.vkey)
    expect(await n3.fabric.read(({ tasks }) => [...tasks.keys()])).toEqual(['t1'])
    const rotations = (await all.log.entries())
      .map((bytes) => JSON.parse(Buffer.from(bytes).toString()))
      .filter(({ type }) => type === 'infrafabric.witness.key_rotated.v1')
    expect(rotations.map(({ data }) => data.previous)).toEqual([own])
  })

  test('sign at a node that comes when the log is idle what was written before', async () => {
    const all = await TestNodes.open({ count: 1, witness: () => memoryStorage() })
    await using _ = all
    await all.advance(5_000)
    const late = await all.during(all.add('late'))
    await all.advance(1_000)
    const { size } = late.fabric.witness
    expect(size).toBeGreaterThan(0)
    expect(await late.fabric.witness.published()).toMatchObject({ size })
  })
})
