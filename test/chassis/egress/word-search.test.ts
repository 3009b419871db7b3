import fc from 'fast-check'
import { expect, test } from 'vitest'
import { WordSearch } from '../../../src/chassis/egress/word-search.js'

/** What is found, as `begin-end`. */
function found(search: WordSearch, text: string): string[] {
  const places: string[] = []
  search.search(Buffer.from(text), text.length, (start, end) => {
    places.push(`${start}-${end}`)
    return true
  })
  return places
}

test('finds words that overlap, and the longest of those that end in one place', () => {
  const search = new WordSearch(['he', 'she', 'his', 'hers'])
  expect(found(search, 'ushers')).toEqual(['1-4', '2-6'])
  expect(found(search, 'hehis')).toEqual(['0-2', '2-5'])
})

test('finds what a search for each word by itself finds', () => {
  const letters = (maxLength: number) => fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength })
  fc.assert(
    fc.property(fc.array(letters(6), { maxLength: 8 }), letters(60), (words, text) => {
      const expected: string[] = []
      for (let end = 1; end <= text.length; end += 1) {
        const endings = words.filter((word) => text.slice(0, end).endsWith(word)).map((word) => word.length)
        if (endings.length > 0) expected.push(`${end - Math.max(...endings)}-${end}`)
      }
      expect(found(new WordSearch(words), text)).toEqual(expected)
    }),
  )
})

test('ends when it is told to', () => {
  let calls = 0
  const stop = () => {
    calls += 1
    return false
  }
  const search = new WordSearch(['a'])
  expect([search.search(Buffer.from('aaa'), 3, stop), calls]).toEqual([false, 1])
  expect(search.search(Buffer.from('bbb'), 3, stop)).toBe(true)
})
