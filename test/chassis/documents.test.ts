import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { HOST_FUNCTIONS } from '../../src/chassis/admission/imports.js'
import { LOG_LINE_BYTES } from '../../src/chassis/child/frames.js'
import { contractSchema } from '../../src/chassis/contract/contract-schema.js'
import { readContract } from '../../src/chassis/contract/read-contract.js'
import { signedText } from '../../src/chassis/contract/sign-contract.js'
import { JAIL_LEVELS } from '../../src/chassis/jail/levels.js'
import { SYSCALLS } from '../../src/chassis/jail/syscalls.js'
import { BULK_BASE, BYTES_PER_UNIT_LOG2, FUEL_PER_PAGE } from '../../src/chassis/meter/cost.js'
import { DEFAULT_METER_LIMITS } from '../../src/chassis/meter/limits.js'
import { RUN_ENDS } from '../../src/chassis/sandbox/run.js'
import { MODULE_CAPS } from '../../src/chassis/wasm/caps.js'
import { LIMITS } from '../../src/model/limits.js'
import { jsonSchemaOf } from '../../src/user-file/json-schema.js'
import { documentedKeys, usedKeys, yamlExamples } from '../user-file/documented-keys.js'
import { schemaKeys } from '../user-file/schema-keys.js'

const read = (path: string) => readFileSync(new URL(`../../docs/reference/${path}`, import.meta.url), 'utf8')
const contract = read('contract.md')
const chassis = read('chassis.md')

/** Cells of the table under a heading of these columns. */
function rowsOf(document: string, heading: string): string[][] {
  return document
    .split(`${heading}\n`)
    .slice(1)
    .flatMap((part) => (part.split('\n\n')[0] ?? '').split('\n').slice(1))
    .map((line) => line.replace(/^\| | \|$/g, '').split(' | '))
}

const code = (cell = '') => cell.replaceAll('`', '')

describe('the reference of contracts', () => {
  const schema = jsonSchemaOf(contractSchema)
  const keys = schemaKeys(schema)
  const rows = rowsOf(contract, '| key | default | meaning |')

  test('documents every key of the schema, and no other', () => {
    const documented = documentedKeys(contract).filter((key) => rows.some(([cell]) => code(cell) === key))
    expect(documented.sort()).toEqual(keys.map(({ path }) => path).sort())
  })

  test('names the defaults that the schema has', () => {
    const given = new Map(rows.map(([key, value]) => [code(key), value]))
    const withDefault = keys.filter(({ schema }) => schema.default !== undefined)
    expect(withDefault.length).toBeGreaterThan(8)
    for (const { path, schema } of withDefault) {
      const value = Array.isArray(schema.default) && schema.default.length === 0 ? 'none' : String(schema.default)
      expect(`${path} ${given.get(path)}`).toBe(`${path} ${value}`)
    }
  })

  test('has an example that is read, that uses every key, and whose limits are the defaults', () => {
    const [example = '', ...others] = yamlExamples(contract)
    expect(others).toEqual([])
    const { contract: full } = readContract('contract.yaml', example)
    const { contract: bare } = readContract('contract.yaml', example.replace(/^limits:\n(?: .*\n)+/m, ''))
    expect(full.limits).toEqual(bare.limits)
    const used = usedKeys(schema, parse(example))
    expect(keys.filter(({ path }) => !used.has(path)).map(({ path }) => path)).toEqual([])
  })

  test('shows the text that is signed', () => {
    const [example = ''] = yamlExamples(contract)
    const shown = /```text\n(.*?)```/s.exec(contract)?.[1]
    const shortened = signedText(readContract('contract.yaml', example).contract)
      .replace(/"hosts":\[.*?\}\]/, '"hosts":[...]')
      .replace(/"(limits|module|slo)":\{.*?\}/g, '"$1":{...}')
    expect(shortened).toBe(shown)
  })
})

describe('the reference of the sandbox', () => {
  test('has every cap with its number, and no other', () => {
    const rows = rowsOf(chassis, '| cap | most | of what |').map(([cap, most]) => [code(cap), most])
    expect(Object.fromEntries(rows)).toEqual(
      Object.fromEntries(Object.entries(MODULE_CAPS).map(([cap, most]) => [cap, most.toLocaleString('en-US')])),
    )
  })

  test('has every host function with its signature, and no other', () => {
    const rows = rowsOf(chassis, '| function | signature |').filter(([name]) => name?.includes('.'))
    const documented = rows.map(([name, signature]) => [code(name), code(signature)])
    expect(Object.fromEntries(documented)).toEqual({ ...HOST_FUNCTIONS.core, ...HOST_FUNCTIONS.typescript })
  })

  test('has the reasons of refusals', () => {
    const documented = rowsOf(chassis, '| reason | what is wrong |').map(([reason]) => code(reason))
    const source = readFileSync(new URL('../../src/chassis/refusal.ts', import.meta.url), 'utf8')
    const known = [...source.matchAll(/^ {2}\| '(\w+)'/gm)].map(([, reason]) => reason)
    expect(known).toHaveLength(9)
    expect(documented.filter((reason) => !reason.startsWith('-'))).toEqual(known)
  })

  test('has the ends of calls, the levels of jails, and what the core imports do', () => {
    const ends = rowsOf(chassis, '| end | meaning |').map(([end]) => code(end))
    expect(ends.filter((end) => !end.startsWith('-'))).toEqual([...RUN_ENDS])
    const levels = rowsOf(chassis, '| level | made of | network | files | other processes | system calls |')
    expect(levels.map(([level]) => code(level))).toEqual([...JAIL_LEVELS])
    expect(levels[0]?.at(-1)).toContain(`${Object.keys(SYSCALLS).length} that Node.js needs`)
    const functions = rowsOf(chassis, '| function | what it does |')
    expect(functions.map(([name]) => `ifab.${code(name).split('(')[0]}`)).toEqual(Object.keys(HOST_FUNCTIONS.core))
  })

  test('has the limits of running', () => {
    const seconds = (ms: number) => `${ms / 1_000} s`
    const rows = Object.fromEntries(rowsOf(chassis, '| limit | value |').map(([limit, value]) => [limit, value]))
    expect(rows['children of one sandbox']).toMatch(`${LIMITS.sandboxChildren};`)
    expect(rows['calls of one swarm that run at a time']).toBe(String(LIMITS.sandboxChildrenPerSwarm))
    expect(rows['calls that wait for a child']).toContain(
      `${LIMITS.sandboxCallsWaitingPerSwarm} of one swarm, ${LIMITS.sandboxCallsWaiting.toLocaleString('en-US')} in all`,
    )
    expect(rows['start of a child']).toBe(seconds(LIMITS.sandboxStartMs))
    expect(rows['compiling a module']).toBe(seconds(LIMITS.sandboxLoadMs))
    expect(rows['a child without work']).toContain(seconds(LIMITS.sandboxIdleMs))
    expect(rows['input of a call']).toBe(`${LIMITS.sandboxInputBytes / 2 ** 20} MiB`)
    expect(chassis).toContain(`${LIMITS.sandboxOverheadBytes / 2 ** 20} MiB for the engine`)
    expect(chassis).toContain(
      `${(LIMITS.sandboxInputBytes + LIMITS.sandboxAnswerBytes) / 2 ** 20} MiB and the size of the module`,
    )
    expect(chassis).toContain(`of \`limits.wall_time\`, ${LIMITS.sandboxCpuMs} ms at least`)
    expect(chassis).toContain(`looks at it every ${LIMITS.sandboxWatchMs} ms`)
    expect(chassis).toContain(`longer than ${LIMITS.egressRequestBytes / 2 ** 20} MiB`)
    expect(chassis).toContain(`costs ${LOG_LINE_BYTES} bytes of \`limits.log\``)
    expect(chassis).toContain(`at most ${LIMITS.sandboxLogLines.toLocaleString('en-US')} in a call`)
  })

  test('has the numbers of bulk operations and of the stack', () => {
    expect(chassis).toContain(`besides, ${BULK_BASE} and 1 for every ${2 ** BYTES_PER_UNIT_LOG2} bytes`)
    expect(chassis).toContain(`and ${FUEL_PER_PAGE.toLocaleString('en-US')} for each page`)
    expect(chassis).toContain(`${DEFAULT_METER_LIMITS.stackBytes.toLocaleString('en-US')} bytes together`)
  })
})
