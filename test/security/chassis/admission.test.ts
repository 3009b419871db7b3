import { describe, expect, test } from 'vitest'
import { admitModule } from '../../../src/chassis/admission/admit.js'
import { HOST_FUNCTIONS, PROFILES, type Profile } from '../../../src/chassis/admission/imports.js'
import { DEFAULT_CONTRACT_LIMITS } from '../../../src/chassis/contract/contract.js'
import { limitsOf } from '../../../src/chassis/contract/meter-limits.js'
import { ByteWriter } from '../../../src/chassis/wasm/byte-writer.js'
import { isFabricError } from '../../../src/model/errors.js'
import { binary, HEADER, name, oneFunction, section, vector } from '../../chassis/support/binary.js'
import { module } from '../../chassis/support/text.js'

/** Why admission refuses these bytes, with the limits of a contract that names none. Undefined when it takes them. */
async function reasonOf(bytes: Uint8Array, profile: Profile = 'core'): Promise<unknown> {
  const options = { profile, limits: limitsOf(DEFAULT_CONTRACT_LIMITS) }
  return admitModule(bytes, options).then(
    () => undefined,
    (error: unknown) => {
      if (!isFabricError(error, 'MODULE_REFUSED')) throw error
      const { reason, cap } = error.details
      return cap === undefined ? reason : `${reason}: ${cap}`
    },
  )
}

/** A module whose sections are too large to be put together from lists. */
function large(...sections: readonly (readonly [id: number, content: Uint8Array])[]): Uint8Array {
  const out = new ByteWriter(1024).append(HEADER)
  for (const [id, content] of sections) out.byte(id).sized(content)
  return out.bytes
}

const bytesOf = (write: (out: ByteWriter) => unknown) => {
  const out = new ByteWriter(1024)
  write(out)
  return out.bytes.slice()
}
const filled = (count: number, ...pattern: readonly number[]) => {
  const bytes = new Uint8Array(count * pattern.length)
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = pattern[at % pattern.length] ?? 0
  return bytes
}

const TYPES = bytesOf((out) => out.u32(1).byte(0x60, 0, 0))
/** So many functions, all with this body. */
const functions = (count: number, body: Uint8Array) =>
  [
    [1, TYPES],
    [3, bytesOf((out) => out.u32(count).append(filled(count, 0)))],
    [
      10,
      bytesOf((out) => {
        out.u32(count)
        for (let index = 0; index < count; index += 1) out.sized(body)
      }),
    ],
  ] as const

const nested = (depth: number) =>
  bytesOf((out) =>
    out
      .byte(0)
      .append(filled(depth, 0x02, 0x40))
      .append(filled(depth + 1, 0x0b)),
  )
const branching = (targets: number) =>
  bytesOf((out) =>
    out
      .byte(0, 0x41, 0, 0x0e)
      .u32(targets)
      .append(filled(targets + 1, 0))
      .byte(0x0b),
  )
const withLocals = (count: number) => bytesOf((out) => out.u32(1).u32(count).byte(0x7f, 0x0b))
const globals = (count: number) => bytesOf((out) => out.u32(count).append(filled(count, 0x7f, 1, 0x41, 0, 0x0b)))
const oneMemory = [5, bytesOf((out) => out.u32(1).byte(0, 1))] as const
const data = (size: number) => bytesOf((out) => out.u32(1).byte(0, 0x41, 0, 0x0b).sized(new Uint8Array(size)))

describe('what is made to be too much', () => {
  test.each<[string, () => Uint8Array, string]>([
    ['1,000,000 nested blocks', () => large(...functions(1, nested(1_000_000))), 'too_large: bodyBytes'],
    ['as many nested blocks as fit one function', () => large(...functions(1, nested(340_000))), 'too_large: nesting'],
    ['6,500,000 branch targets', () => large(...functions(1, branching(6_500_000))), 'too_large: bodyBytes'],
    [
      'as many branch targets as fit one function',
      () => large(...functions(1, branching(1_000_000))),
      'too_large: branchTargets',
    ],
    ['5,000 functions with 50,000 locals', () => large(...functions(5_000, withLocals(50_000))), 'too_large: locals'],
    ['1,000,000 globals', () => large([6, globals(1_000_000)]), 'too_large: globals'],
    ['51 MB', () => large([0, bytesOf((out) => out.name('a').append(new Uint8Array(51_000_000)))]), 'too_large: bytes'],
    ['a data segment of 40 MB', () => large(oneMemory, [11, data(40_000_000)]), 'too_large: bytes'],
    [
      'a data segment that says it has 40 MB',
      () => binary(section(5, vector([0, 1])), [11, 9, 1, 0, 0x41, 0, 0x0b, 0x80, 0xb4, 0x89, 0x13]),
      'malformed',
    ],
    ['a memory that begins with 65,536 pages', () => module('(memory 65536)'), 'memory_refused: memoryPages'],
    [
      'a table that begins with 4,294,967,295 elements',
      () => module('(table 4294967295 funcref)'),
      'table_refused: tableElements',
    ],
    [
      '100 tables of 10,000,000 elements',
      () => module(...Array<string>(100).fill('(table 10000000 funcref)')),
      'too_large: tables',
    ],
  ])('is refused: %s', async (_, bytes, reason) => {
    expect(await reasonOf(bytes())).toBe(reason)
  })
})

describe('memory that is not its own, or not bounded', () => {
  test.each<[string, Uint8Array]>([
    ['of 64 bits', binary(section(5, vector([4, 1])))],
    ['of 64 bits, with a maximum', binary(section(5, vector([5, 1, 2])))],
    ['shared', module('(memory 1 2 shared)')],
    ['imported', module('(import "env" "memory" (memory 1))')],
    ['imported and shared', module('(import "env" "memory" (memory 1 2 shared))')],
    ['imported under the name of a host function', module('(import "ifab" "log" (memory 1))')],
  ])('is refused: %s', async (_, bytes) => {
    for (const profile of PROFILES) expect(await reasonOf(bytes, profile)).toBe('memory_refused')
  })
})

/** Names that some lookups find in every object, and what programs for other hosts ask for. */
const ASKED = [
  'env.exec',
  'env.system',
  'node.require',
  'ifab.exec',
  'ifab.fuel',
  'ifab.fault',
  'ifab.start',
  'ifab.',
  '.log',
  '.',
  ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__'].flatMap(
    (word) => [`ifab.${word}`, `${word}.log`, `${word}.${word}`, `env.${word}`, `wasi_snapshot_preview1.${word}`],
  ),
  ...[
    'path_open',
    'fd_read',
    'fd_prestat_get',
    'fd_readdir',
    'path_unlink_file',
    'environ_get',
    'args_get',
    'proc_exit',
    'proc_raise',
    'sock_accept',
    'sock_recv',
    'sock_send',
    'sock_shutdown',
    'poll_oneoff',
    'sched_yield',
  ].map((call) => `wasi_snapshot_preview1.${call}`),
  'wasi_snapshot_preview2.fd_write',
  'wasi_unstable.fd_write',
  'wasi:sockets/tcp@0.2.0.create-tcp-socket',
  'wasi:filesystem/types.open-at',
  'IFAB.log',
  'ifab.LOG',
  'ifab.log\u0000',
  ' ifab.log',
  'ifab\u200b.log',
]

describe('imports that nobody declared', () => {
  test.each(PROFILES)('are refused, whatever they are called, in profile %s', async (profile) => {
    const signatures = [...new Set(Object.values(HOST_FUNCTIONS[profile]))]
    expect(signatures.length).toBeGreaterThan(4)
    for (const asked of ASKED) {
      const [space, field] = [asked.slice(0, asked.indexOf('.')), asked.slice(asked.indexOf('.') + 1)]
      const imported = section(2, vector([...name(space), ...name(field), 0, 0]))
      for (const type of [
        [0x60, 0, 0],
        [0x60, 3, 0x7f, 0x7f, 0x7f, 0],
        [0x60, 2, 0x7f, 0x7f, 1, 0x7f],
      ]) {
        const reason = await reasonOf(binary(section(1, vector(type)), imported), profile)
        expect([asked, reason]).toEqual([asked, 'import_refused'])
      }
    }
  })

  test('are refused in whatever kind they come', async () => {
    for (const kind of ['(global i32)', '(global (mut i64))']) {
      expect(await reasonOf(module(`(import "ifab" "log" ${kind})`))).toBe('import_refused')
      expect(await reasonOf(module(`(import "ifab" "fuel" ${kind})`))).toBe('import_refused')
    }
    expect(await reasonOf(module('(import "ifab" "log" (table 1 funcref))'))).toBe('table_refused')
  })
})

describe('a guest that names what counts its fuel', () => {
  test.each(['ifab.fuel', 'ifab.fault', 'ifab.start', 'ifab.', 'ifab.anything'])('is refused: %s', async (reserved) => {
    expect(await reasonOf(module(`(func (export "${reserved}"))`))).toBe('reserved_name')
    expect(await reasonOf(module(`(global (export "${reserved}") (mut i64) (i64.const 1))`))).toBe('reserved_name')
    expect(await reasonOf(module(`(memory (export "${reserved}") 1)`))).toBe('reserved_name')
  })

  test('is refused when it names globals by the indices that they will get', async () => {
    for (let index = 0; index < 4; index += 1) {
      const setGlobal = [0x42, 0, 0x24, index]
      expect(await reasonOf(binary(...oneFunction(setGlobal)))).toBe('malformed')
    }
  })

  test('is refused when it calls functions by the indices that they will get', async () => {
    expect(await reasonOf(binary(...oneFunction([0x41, 1, 0x10, 1, 0x1a])))).toBe('malformed')
  })
})

describe('bytes that are no module', () => {
  const good = module(
    '(import "ifab" "log" (func $log (param i32 i32 i32)))',
    '(memory (export "memory") 1) (table 2 funcref) (elem (i32.const 0) $run) (global $g (mut i32) (i32.const 3))',
    '(data (i32.const 0) "hello")',
    '(func $run (export "run") (result i32) (call $log (i32.const 2) (i32.const 0) (i32.const 5)) (block (br_table 0 0 (i32.const 1))) (global.get $g))',
  )

  test('are refused when they end too early, wherever that is', async () => {
    // Where a section ends, what is left can be a module of less.
    const reasons = new Set<unknown>()
    for (let end = 0; end < good.length; end += 1) {
      const reason = await reasonOf(good.subarray(0, end)).catch((error: unknown) => error)
      if (reason !== undefined) reasons.add(reason)
    }
    expect([...reasons]).toEqual(['malformed'])
  })

  test('are refused with an opcode that there is not', async () => {
    const unknown = [
      0x06, 0x07, 0x08, 0x09, 0x0a, 0x12, 0x13, 0x14, 0x15, 0x18, 0x19, 0x1f, 0x27, 0xc5, 0xd3, 0xd4, 0xe0, 0xfb, 0xfe,
      0xff,
    ]
    for (const opcode of unknown) {
      expect([opcode, await reasonOf(binary(...oneFunction([opcode, 0, 0])))]).toEqual([opcode, 'unsupported'])
    }
    for (const prefix of [0xfc, 0xfd]) {
      expect(await reasonOf(binary(...oneFunction([prefix, 0xff, 0x7f])))).toBe('unsupported')
    }
  })
})
