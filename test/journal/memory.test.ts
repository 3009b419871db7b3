import { expect, test } from 'vitest'
import { MemoryJournal } from '../../src/journal/memory/memory-journal.js'
import { journalConformance } from '../conformance/journal.js'

journalConformance('MemoryJournal', async () => {
  const journal = new MemoryJournal()
  return { journal: () => journal, dispose: async () => undefined }
})

test('it says that nothing survives the process', () => {
  expect(new MemoryJournal().health()).toEqual({
    driver: 'memory',
    state: 'closed',
    durability: 'none',
    entries: 0,
    bytes: 0,
  })
})
