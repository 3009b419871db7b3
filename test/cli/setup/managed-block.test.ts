import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MARKDOWN_MARKERS, putBlock, readBlock, takeBlock } from '../../../src/cli/setup/managed-block.js'

const { begin, end } = MARKDOWN_MARKERS
const put = (text: string | undefined, ...lines: string[]) => putBlock('AGENTS.md', text, MARKDOWN_MARKERS, lines)
const take = (text: string) => takeBlock('AGENTS.md', text, MARKDOWN_MARKERS)

describe('a managed block', () => {
  test.each<[string, string | undefined, string]>([
    ['no file', undefined, `${begin}\nours\n${end}\n`],
    ['an empty file', '', `\n${begin}\nours\n${end}\n`],
    ['a file', '# Theirs\n', `# Theirs\n\n${begin}\nours\n${end}\n`],
    ['a file without a final newline', '# Theirs', `# Theirs\n\n${begin}\nours\n${end}`],
    ['a file of Windows', '# Theirs\r\n', `# Theirs\r\n\r\n${begin}\r\nours\r\n${end}\r\n`],
    ['a file of Windows without a final newline', 'a\r\nb', `a\r\nb\r\n\r\n${begin}\r\nours\r\n${end}`],
  ])('goes to the end of %s, and leaves no trace', (_, before, after) => {
    expect(put(before, 'ours')).toBe(after)
    expect(put(after, 'ours')).toBe(after)
    expect(take(after)).toBe(before)
  })

  test('leaves every byte around it, whatever that is', () => {
    const texts = fc.array(fc.constantFrom('a', ' ', '\n', '\r\n', '\r', '\ufeff', 'ü', '<!--'), { maxLength: 12 })
    fc.assert(
      fc.property(
        texts.map((parts) => parts.join('')),
        texts.map((parts) => parts.join('')),
        (before, tail) => {
          const once = put(before, 'one', '', 'two')
          expect(take(once)).toBe(before)
          expect(put(put(before, 'older'), 'one', '', 'two')).toBe(once)
          const grown = `${put(before.endsWith('\n') ? before : `${before}\n`, 'x')}${tail}`
          expect(put(grown, 'y').replace(`y`, 'x')).toBe(grown)
        },
      ),
    )
  })

  test('is found where it was moved to, and what stands around it stays', () => {
    const moved = `${begin}\nours\n${end}\n\n# Theirs\n`
    expect(put(moved, 'newer')).toBe(`${begin}\nnewer\n${end}\n\n# Theirs\n`)
    expect(take(moved)).toBe('\n# Theirs\n')
    expect(take(`# Theirs\n${begin}\nours\n${end}\nmore\n`)).toBe('# Theirs\nmore\n')
    expect(readBlock('AGENTS.md', `  ${begin}  \r\nours\r\n${end}`, MARKDOWN_MARKERS)).toEqual(['ours'])
  })

  test.each([
    [`a\n${begin}\nb\n`, 2, 'has no <!-- infrafabric:end --> after it'],
    [`a\n${end}\n`, 2, 'has no <!-- infrafabric:begin --> before it'],
    [`${begin}\n${begin}\n${end}\n`, 2, 'is there twice'],
    [`${begin}\n${end}\n${begin}\n${end}\n`, 3, 'is there twice'],
    [`${end}\n${begin}\n`, 1, 'has no <!-- infrafabric:begin --> before it'],
  ])('with damaged markers is refused: %j', (text, line, problem) => {
    for (const change of [() => put(text, 'x'), () => take(text)]) {
      expect(change).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT', details: { path: 'AGENTS.md', line } }),
      )
      expect(change).toThrow(problem)
    }
  })
})
