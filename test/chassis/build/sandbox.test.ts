import { afterAll, beforeAll, expect, test } from 'vitest'
import { admitModule } from '../../../src/chassis/admission/admit.js'
import { DEFAULT_CONTRACT_LIMITS, DEFAULT_FUEL } from '../../../src/chassis/contract/contract.js'
import type { LoadedModule } from '../../../src/chassis/sandbox/run.js'
import { Sandbox } from '../../../src/chassis/sandbox/sandbox.js'
import { built } from '../support/baked.js'

const TOOL = `
import type { Ifab } from 'infrafabric/tool'
const bodies: Record<string, (ifab: Ifab) => unknown> = {
  calls: () => { let levels = 0; const down = () => { levels += 1; down() }; try { down() } catch (error) { return [levels, String(error)] } },
  values: () => { let value: unknown = 0; for (let level = 0; level < 100_000; level += 1) value = [value]; return value },
  forever: () => { for (;;) {} },
  memory: () => { const all: unknown[] = []; for (;;) all.push(new Uint8Array(1e6)) },
  request: ({ http, log }) => { const { status } = http.get('https://a.example/'); log.info('asked'); return status },
  random: ({ random }) => random(),
}
export default (input: string, ifab: Ifab) => bodies[input]!(ifab)
`

const sandbox = new Sandbox()
let module: LoadedModule
beforeAll(async () => {
  const { bytes } = await built(TOOL)
  const limits = { ...DEFAULT_CONTRACT_LIMITS, fuel: DEFAULT_FUEL.typescript, cpuPercent: 100 }
  module = { ...(await admitModule(bytes, { profile: 'typescript' })), profile: 'typescript', limits }
})
afterAll(() => sandbox.close())

async function run(body: string, { seed = 'a', fuel = module.limits.fuel } = {}) {
  const said: string[] = []
  const report = await sandbox.run({
    swarm: 'alice',
    module: { ...module, limits: { ...module.limits, fuel } },
    input: Buffer.from(JSON.stringify(body)),
    seed,
    host: {
      log: (level, text) => said.push(`${level} ${Buffer.from(text)}`),
      logFull: () => said.push('full'),
      httpRequest: async (request) => {
        said.push(String(JSON.parse(Buffer.from(request).toString()).url))
        return Buffer.from('{"status":204,"headers":{},"body":""}')
      },
    },
  })
  return { ...report, output: Buffer.from(report.output).toString(), said }
}

test('a tool in the sandbox asks its host and says what it does', async () => {
  expect(await run('request')).toMatchObject({
    end: 'completed',
    output: '204',
    said: ['https://a.example/', 'info asked'],
  })
})

test('a tool gets the same randomness for the same seed only', async () => {
  const outputs = await Promise.all(['a', 'a', 'b'].map(async (seed) => (await run('random', { seed })).output))
  expect(outputs[1]).toBe(outputs[0])
  expect(outputs[2]).not.toBe(outputs[0])
})

test('a tool that calls itself too deeply is told so in its own language, at the same level each time', async () => {
  const [first, second] = [await run('calls'), await run('calls')]
  expect(first.end).toBe('completed')
  const [levels, error] = JSON.parse(first.output)
  expect(levels).toBeGreaterThan(1_000)
  expect(error).toBe('RangeError: Maximum call stack size exceeded')
  expect([second.output, second.fuel]).toEqual([first.output, first.fuel])
})

test.each([
  ['values', 'stack'],
  ['forever', 'fuel'],
])('a tool is ended that goes on without a word in its own language: %s', async (body, end) => {
  expect(await run(body, { fuel: 3_000_000_000 })).toMatchObject({ end, output: '' })
})

test('a tool that wants more memory than there is fails by an error of its own', async () => {
  const { end, code, said } = await run('memory')
  expect({ end, code, said }).toEqual({ end: 'failed', code: 1, said: ['error InternalError: out of memory'] })
})
