import { describe, expect, test } from 'vitest'
import { firstTooDeepLine } from '../../src/board/yaml-depth.js'
import { readYamlTree } from '../../src/user-file/yaml-tree.js'
import { problemsOf, refusalOf } from '../governor/policy/support.js'

const read = (source: string) => readYamlTree('a.yaml', source, 100_000)
const told = (source: string) => read(source).problems.map(({ line, message }) => `${line}: ${message}`)

describe('a tree', () => {
  test('has exact whole numbers as numbers, and every other number as it stands in the file', () => {
    const source = '[1, -5, +7, 007, 0.5, 1e3, 0x10, 0o17, .inf, .nan, 9007199254740991, 9007199254740993, "8", 1_000]'
    expect(read(source).value).toEqual([
      ...[1, -5, 7, 7, '0.5', '1e3', '0x10', '0o17', '.inf', '.nan'],
      ...[Number.MAX_SAFE_INTEGER, '9007199254740993', '8', '1_000'],
    ])
    expect(Object.is((read('[-0]').value as number[])[0], 0)).toBe(true)
  })

  test('has texts, truth values and keys as YAML 1.2 has them', () => {
    expect(read('{yes: no, 5: true, 2026-01-01: 2026-01-02, on: ~, "": x}').value).toEqual({
      yes: 'no',
      5: true,
      '2026-01-01': '2026-01-02',
      on: null,
      '': 'x',
    })
  })

  test('knows the line of everything in it, with either kind of line end', () => {
    for (const end of ['\n', '\r\n']) {
      const { lineOf } = read(['# a', 'a:', '  b: 1', '  c:', '    - x', '    -', '      d: 2', ''].join(end))
      const lines = [[], ['a'], ['a', 'b'], ['a', 'c', 0], ['a', 'c', 1, 'd']].map(lineOf)
      expect(lines).toEqual([1, 2, 3, 5, 7])
      expect(lineOf(['a', 'b', 'not', 'there'])).toBe(3)
    }
  })
})

describe('told of are', () => {
  test.each([
    ['aliases', 'a: &x 1\nb: *x', '2: b is an alias (*name), which is not read here. Write the value itself.'],
    [
      'aliases in lists',
      'a: &x [1]\nb:\n- 1\n- *x',
      '4: b[1] is an alias (*name), which is not read here. Write the value itself.',
    ],
    [
      'merge keys',
      'a: &x {b: 1}\nc:\n  <<: *x',
      '3: c has a merge key (<<), which is not read here. Write the keys themselves.',
    ],
    ['tags', 'a: 1\nb: !date 2026', '2: b has a tag (!name), which is not read here. Write a plain value.'],
    ['sets', 'a: 1\nb: !!set {a, b}', '2: b has a tag (!name), which is not read here. Write a plain value.'],
    [
      'dates',
      'a:\n- !!timestamp 2026-01-01',
      '2: a[0] has a tag (!name), which is not read here. Write a plain value.',
    ],
    ['numbers', '!!float 1', '1: The file has a tag (!name), which is not read here. Write a plain value.'],
    ['keys given twice', 'a: 1\na: 2\nb: 3', '2: a is given twice. Keep one a.'],
    [
      'keys that are lists',
      '? [a]\n: 1',
      '1: The file has a key that is no text. Write a name, in quotes where it has special characters.',
    ],
    [
      'keys that are nothing',
      '~: 1',
      '1: The file has a key that is no text. Write a name, in quotes where it has special characters.',
    ],
    ['the prototype', 'a:\n  __proto__: {b: 1}', '2: a.__proto__ is no key that is known here. Remove it.'],
  ])('%s', (_, source, message) => {
    expect(told(source)).toContain(message)
  })

  test('no keys that only look alike', () => {
    expect(told('a: {b: 1}\nc: {b: 1}\nA: 1\n"a ": 1')).toEqual([])
  })
})

describe('refused is', () => {
  test('what is no YAML, with its line', () => {
    const [problem] = problemsOf(() => read('a: 1\nb: "x\nc: 2'))
    expect(problem?.line).toBeGreaterThanOrEqual(2)
    expect(problem?.message).toMatch(/^The YAML is broken: /)
    expect(problem?.message).not.toContain('at line')
  })

  test('a star without quotes, with the advice to quote it', () => {
    const problems = problemsOf(() => read('boards:\n  *: 5'))
    expect(problems[0]).toMatchObject({ line: 2 })
    expect(problems[0]?.message).toContain("such as '*', in quotes")
  })

  test('a second document', () => {
    expect(problemsOf(() => read('a: 1\n---\nb: 2'))).toMatchObject([
      { line: 2, message: expect.stringMatching(/^A second document/) },
    ])
  })

  test('a file that is too large, by its bytes', () => {
    const fits = `# ${'ü'.repeat(49_999)}`
    expect(read(fits).value).toEqual({})
    expect(refusalOf(() => read(`${fits}x`)).message).toBe('a.yaml is too large: it may have 100000 bytes. Shorten it.')
  })
})

describe('nesting', () => {
  // A bomb of aliases holds a billion texts, but none of them is ever made.
  test('by aliases comes to nothing', () => {
    const levels = Array.from({ length: 9 }, (_, level) => {
      return `a${level + 1}: &a${level + 1} [${Array(10).fill(`*a${level}`).join(', ')}]`
    })
    const { problems } = read(`a0: &a0 x\n${levels.join('\n')}`)
    expect(problems).toHaveLength(90)
  })

  const deep: Record<string, readonly [source: string, line: number]> = {
    'open brackets': [`a:\n  ${'['.repeat(40_000)}`, 2],
    'closed brackets': [`a: ${'['.repeat(40_000)}${']'.repeat(40_000)}`, 1],
    braces: [`a: ${'{a: '.repeat(20_000)}`, 1],
    'brackets after closing ones': [`a: ${']'.repeat(40_000)}${'['.repeat(40_000)}`, 1],
    'brackets after a text of many lines': [`a: |\n  x\n  y\nb: "z\n  z"\nc: ${'['.repeat(20)}`, 6],
    dashes: [`a: 1\nb:\n${'- '.repeat(40_000)}x`, 3],
    'question marks': [`${'? '.repeat(40_000)}x`, 1],
    colons: [`${': '.repeat(40_000)}x`, 1],
    'keys after keys': [`${'a: '.repeat(20_000)}x`, 1],
    indentation: [`a:\n${' '.repeat(65)}b: 1`, 2],
  }

  test.each(Object.entries(deep))('by %s is seen before the file is parsed', (_, [source, line]) => {
    expect(firstTooDeepLine(source)).toBe(line)
    const error = refusalOf(() => readYamlTree('a.yaml', source, 1_000_000))
    expect(error.message).toBe(`a.yaml:${line}: This is nested too deeply. Take a level out.`)
  })

  test('of brackets in texts and comments, and of what files have, is none', () => {
    const brackets = '['.repeat(50)
    const source = [
      `# ${brackets}`,
      `a: "${brackets}"`,
      `b: '${brackets}'`,
      `c: x${brackets}`,
      `d: |\n  ${brackets}\n  - - - - - - - - - - x`,
      `e: ${'[[[[[[[[[[[[[[[['}${']]]]]]]]]]]]]]]]'}`,
      `f: {${Array.from({ length: 50 }, (_, index) => `k${index}: ${index}`).join(', ')}}`,
      ...Array.from({ length: 50 }, (_, index) => `g${index}: [1, 2, {a: 1, b: [c]}]`),
      'h:\n- a: 1\n  b:\n  - c: [x]\n- - x',
    ].join('\n')
    expect(firstTooDeepLine(source)).toBeUndefined()
    expect(read(source).problems).toEqual([])
  })
})
