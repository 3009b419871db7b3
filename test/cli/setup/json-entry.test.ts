import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { putJsonEntry, readJsonEntry, takeJsonEntry } from '../../../src/cli/setup/json-entry.js'
import { parseJsonTree } from '../../../src/cli/setup/json-tree.js'

const SERVER = { command: 'ifab', args: ['mcp'] }
const put = (text: string | undefined, server = SERVER) => putJsonEntry('.mcp.json', text, server)
const take = (text: string) => takeJsonEntry('.mcp.json', text)

const FILES = [
  '{}',
  '{}\n',
  '{\n}\n',
  ' { } ',
  '{"mcpServers":{}}',
  '{\n  "mcpServers": {}\n}\n',
  '{\n  "mcpServers": {\n  }\n}\n',
  '{"mcpServers":{"a":{"command":"x"}}}',
  '{\n\t"mcpServers": {\n\t\t"a": { "command": "x" }\n\t}\n}',
  '{\r\n    "mcpServers": {\r\n        "a": {}\r\n    },\r\n    "other": [1, 2]\r\n}\r\n',
  '\ufeff{ "other": "ü \\u00fc, \\"{\\"", "n": -1.5e3,\n"mcpServers": { \n "a": {}} }\n\n',
  '{\n  "other": {\n    "infrafabric": 1\n  }\n}\n',
]

describe('our entry in a JSON configuration', () => {
  test('makes a file that goes with it', () => {
    const made = put(undefined)
    expect(made).toBe(`{
  "mcpServers": {
    "infrafabric": {
      "command": "ifab",
      "args": [
        "mcp"
      ]
    }
  }
}
`)
    expect(take(made)).toBeUndefined()
  })

  test.each(FILES)('leaves no trace in %j', (before) => {
    const after = put(before)
    const { mcpServers, ...rest } = JSON.parse(after.replace('\ufeff', ''))
    const { infrafabric, ...others } = mcpServers
    const { mcpServers: theirs = {}, ...theirRest } = JSON.parse(before.replace('\ufeff', ''))
    expect({ infrafabric, others, rest }).toEqual({ infrafabric: SERVER, others: theirs, rest: theirRest })
    expect(put(after)).toBe(after)
    const other = { command: 'node', args: ['main.js', 'mcp', '--as', 'alice'] }
    expect(readJsonEntry('.mcp.json', put(after, other))).toEqual(other)
    expect(take(put(after, other))).toBe(before)
    expect(take(after)).toBe(before)
    expect(take(before)).toBe(before)
  })

  test('is laid out as the file is', () => {
    expect(put('{\n\t"mcpServers": {\n\t\t"a": {}\n\t}\n}\n')).toBe(
      '{\n\t"mcpServers": {\n\t\t"infrafabric": {\n\t\t\t"command": "ifab",\n\t\t\t"args": [\n\t\t\t\t"mcp"\n\t\t\t]\n\t\t},\n\t\t"a": {}\n\t}\n}\n',
    )
  })

  test('keeps what the user says in it, and goes from wherever it was moved', () => {
    const before = '{"mcpServers": {"a": {}, "infrafabric": {"env": {"IFAB_TOOLS": "all"}, "timeout": 9}, "b": 1}}'
    const after = putJsonEntry('x', before, { ...SERVER, env: { IFAB_WORKSPACE: 'w' } })
    expect(readJsonEntry('x', after)).toEqual({
      ...SERVER,
      timeout: 9,
      env: { IFAB_TOOLS: 'all', IFAB_WORKSPACE: 'w' },
    })
    expect(take(after)).toBe('{"mcpServers": {"a": {}, "b": 1}}')
  })

  test.each([
    ['', 1, 1, 'expected a value'],
    ['{\n  // ours\n}', 2, 3, 'expected a name in double quotes'],
    ['{\n  "a": 1,\n}', 3, 1, 'expected a name in double quotes'],
    ['{"a": 1\n"b": 2}', 2, 1, 'expected "," or "}"'],
    ['{"a" 1}', 1, 6, 'expected ":"'],
    ['{"a": [1 2]}', 1, 10, 'expected "," or "]"'],
    ["{'a': 1}", 1, 2, 'expected a name in double quotes'],
    ['{"a": 01}', 1, 7, 'expected a value'],
    ['{} {}', 1, 4, 'expected the end of the file'],
    [`${'['.repeat(200)}`, 1, 102, 'is nested deeper than 100 levels'],
    ['[]', 1, 1, 'the file must be a JSON object'],
    ['{"mcpServers": []}', 1, 16, 'mcpServers must be a JSON object'],
    ['{"mcpServers": {}, "mcpServers": {}}', 1, 20, '"mcpServers" is there twice'],
  ])('is not put into %j', (text, line, column, problem) => {
    for (const change of [() => put(text), () => take(text)]) {
      expect(change).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT', details: { path: '.mcp.json', line, column } }),
      )
      expect(change).toThrow(`.mcp.json:${line}:${column}: ${problem}.`)
    }
  })
})

describe('the reader of JSON', () => {
  test('takes what JSON.parse takes and nothing else', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"\\u00e9"',
      '"\\x"',
      '1',
      '-0.5e+2',
      '01',
      'true',
      'nul',
      ' ',
    )
    const texts = fc.array(pieces, { maxLength: 10 }).map((parts) => parts.join(''))
    const accepted = (read: (text: string) => unknown, text: string) => {
      try {
        read(text)
        return true
      } catch {
        return false
      }
    }
    fc.assert(
      fc.property(fc.oneof(texts, fc.json()), (text) => {
        expect(accepted(parseJsonTree, text)).toBe(accepted(JSON.parse, text))
      }),
    )
  })
})
