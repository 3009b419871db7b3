import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MemoryJournal } from '../../src/journal/memory/memory-journal.js'
import { FaultyJournal } from '../../src/testing/faulty-journal.js'
import { batch, journalConformance, texts } from '../conformance/journal.js'

journalConformance('FaultyJournal without a fault', async () => {
  const journal = new FaultyJournal(new MemoryJournal())
  return { journal: () => journal, dispose: async () => undefined }
})

describe('FaultyJournal', () => {
  let journal: FaultyJournal

  beforeEach(async () => {
    journal = new FaultyJournal(new MemoryJournal())
    await journal.open()
  })

  afterEach(() => journal.close())

  const append = (size: number, name: string) => journal.append(size, batch(name, [name]))

  test('a failed append is not written and the next one works', async () => {
    journal.failNextAppend()
    await expect(append(0, 'a')).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    await append(0, 'b')
    expect(await texts(journal, 0)).toEqual(['b'])
  })

  test('a torn append stops the journal until it is opened again', async () => {
    await append(0, 'a')
    journal.tearNextAppend()
    await expect(append(1, 'b')).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    await expect(append(1, 'c')).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    await expect(journal.head()).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    expect(journal.health().state).toBe('failed')
    await journal.close()
    expect(await journal.open()).toMatchObject({ size: 1, lastBatch: { batchId: 'a' } })
    await append(1, 'd')
    expect(await texts(journal, 0)).toEqual(['a', 'd'])
  })

  test('a lost acknowledgement leaves the batch in the log, a lost append does not', async () => {
    journal.loseNextAcknowledgement()
    await expect(append(0, 'a')).rejects.toMatchObject({ code: 'AMBIGUOUS' })
    expect(await journal.head()).toMatchObject({ size: 1, lastBatch: { batchId: 'a' } })
    journal.loseNextAppend()
    await expect(append(1, 'b')).rejects.toMatchObject({ code: 'AMBIGUOUS' })
    expect(await journal.head()).toMatchObject({ size: 1, lastBatch: { batchId: 'a' } })
  })

  test('a fenced append finds the batch of the other writer in the log', async () => {
    journal.fenceNextAppend({ ...batch('theirs', ['x', 'y']), writerId: 'other' })
    await expect(append(0, 'a')).rejects.toMatchObject({ code: 'FENCED', details: { expected: 0, actual: 2 } })
    expect(await journal.head()).toEqual({ size: 2, lastBatch: { writerId: 'other', batchId: 'theirs' } })
  })

  test('a held append is neither written nor acknowledged before its release', async () => {
    const gate = journal.holdNextAppend()
    const states: string[] = []
    const held = append(0, 'a').then(() => states.push('acknowledged'))
    await gate.reached
    expect([await journal.head(), states]).toEqual([{ size: 0 }, []])
    gate.release()
    await held
    expect(await texts(journal, 0)).toEqual(['a'])
  })

  test('faults come in the order they were scripted', async () => {
    journal.passNextAppend()
    journal.failNextAppend()
    await append(0, 'a')
    expect(journal.pendingFaults).toBe(1)
    await expect(append(1, 'b')).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    expect(journal.pendingFaults).toBe(0)
  })
})
