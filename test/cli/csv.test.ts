import { expect, test } from 'vitest'
import { csvRow } from '../../src/cli/csv.js'

test('plain cells are joined by commas', () => {
  expect(csvRow(['1', '', 'two words', "it's"])).toBe("1,,two words,it's")
})

test('cells with commas, quotes and line breaks are quoted', () => {
  expect(csvRow(['a,b', 'say "hi"', 'two\nlines', 'cr\rlf'])).toBe('"a,b","say ""hi""","two\nlines","cr\rlf"')
})

test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\tx'])('a cell that could be a formula is made text: %j', (cell) => {
  expect(csvRow(['x', cell])).toBe(`x,'${cell}`)
})

test('a formula behind a line break, or with quotes in it, is made text and quoted', () => {
  expect(csvRow(['\r=1', '\n=1', '=HYPERLINK("http://x","y")'])).toBe(
    `"'\r=1","'\n=1","'=HYPERLINK(""http://x"",""y"")"`,
  )
})
