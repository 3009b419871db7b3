import { mkdir, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readConfigFile } from '../../src/cli/config-file.js'
import { runCli } from '../../src/cli/run.js'
import { until } from '../support/served-fabric.js'
import { ifab, RecordingTerminal, temporaryDirectory } from './console.js'

let directory: string
let data: string

beforeEach(async () => {
  directory = await temporaryDirectory()
  data = join(directory, 'data')
  await mkdir(data)
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const LISTEN = ['--listen', '127.0.0.1:0']
const write = (text: string) => writeFile(join(directory, 'infrafabric.yaml'), text)
const run = (...argv: string[]) => ifab({ IFAB_DATA: data }, ...argv)

/** Runs a fabric on the data directory as long as `work` lasts. */
async function whileUp(
  work: (terminal: RecordingTerminal) => Promise<void>,
  env: Record<string, string> = {},
  ...options: string[]
): Promise<RecordingTerminal> {
  const terminal = new RecordingTerminal({ IFAB_DATA: data, ...env })
  const running = runCli(['up', ...LISTEN, ...options], terminal)
  await terminal.shows((output) => output.includes('Next: '))
  await work(terminal)
  terminal.interrupt()
  expect(await running).toBe(0)
  return terminal
}

async function maxCost(): Promise<number> {
  const { policy } = JSON.parse((await run('policy', 'show', '--json')).out)
  return policy.maxCostPerTaskNanos
}

describe('the configuration beside the data directory', () => {
  test('is in force from the start, and its policy stays in the log when the file is gone', async () => {
    await write('resource_policy:\n  max_cost_per_task: 2.5\n')
    await whileUp(async () => expect(await maxCost()).toBe(2_500_000_000))
    await rm(join(directory, 'infrafabric.yaml'))
    await whileUp(async () => expect(await maxCost()).toBe(2_500_000_000))
  })

  test('another one may be named, by option or variable', async () => {
    await write('resource_policy:\n  max_cost_per_task: 2.5\n')
    const other = join(directory, 'other.yaml')
    await writeFile(other, 'resource_policy:\n  max_cost_per_task: 4\n')
    await whileUp(async () => expect(await maxCost()).toBe(4_000_000_000), {}, '--config', other)
    await whileUp(async () => expect(await maxCost()).toBe(4_000_000_000), { IFAB_CONFIG: other })
  })

  test('names files from its own directory', async () => {
    const vaultOf = async (vault: string) => {
      await write(`vault: {${vault}}`)
      return (await readConfigFile(data, undefined, {}))?.host.vault
    }
    const absolute = join(directory, 'elsewhere', 'secrets.yaml')
    expect(await vaultOf('kind: file, path: secrets.yaml')).toMatchObject({ path: join(directory, 'secrets.yaml') })
    expect(await vaultOf(`kind: file, path: ${absolute}`)).toMatchObject({ path: absolute })
    const server = 'kind: hashicorp, address: "https://vault.example.com"'
    expect(await vaultOf(`${server}, token_file: ./a/token`)).toMatchObject({ tokenFile: join(directory, 'a/token') })
    expect(await vaultOf(`${server}, token_env: TOKEN, path: team`)).toMatchObject({ path: 'team' })
  })

  test('with a fault in it starts nothing, and says the line', async () => {
    await write('resource_policy:\n  max_cost_per_task: 2\n  max_cost_per_tusk: 3\n')
    const refused = await run('up', ...LISTEN)
    expect(refused.exit).toBe(2)
    expect(refused.err).toContain('infrafabric.yaml:3')
    expect(refused.err).not.toContain('    at ')
    expect((await run('up', ...LISTEN, '--config', join(directory, 'absent.yaml'))).err).toContain('no such file')
  })

  test('is read again at SIGHUP', async () => {
    await write('resource_policy:\n  max_cost_per_task: 2\n')
    const terminal = await whileUp(async ({ hangUp }) => {
      await write('resource_policy:\n  max_cost_per_task: 3\n')
      hangUp()
      await until(async () => (await maxCost()) === 3_000_000_000)
    })
    expect(terminal.errors).toContain('its policy is in force')
  })

  test('that is broken when it is read again is said and leaves the policy', async () => {
    await write('resource_policy:\n  max_cost_per_task: 2\n')
    await whileUp(async (terminal) => {
      await write('resource_policy: [1\n')
      terminal.hangUp()
      await until(() => terminal.errors.includes('was not taken over'))
      expect(await maxCost()).toBe(2_000_000_000)
    })
  })
})

describe('a channel', () => {
  let receiver: Server
  const bodies: string[] = []

  beforeEach(async () => {
    bodies.length = 0
    receiver = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk) => chunks.push(chunk))
      request.on('end', () => {
        bodies.push(Buffer.concat(chunks).toString())
        response.end()
      })
    })
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  })
  afterEach(() => new Promise((resolve) => receiver.close(resolve)))

  test('hears of a question, once, also across a restart', async () => {
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`
    await write('channels:\n  - name: oncall\n    kind: webhook\n    url_env: HOOK\n')
    const told = async () => {
      const { items } = JSON.parse((await run('escalation', 'list', '--json')).out)
      return items[0]?.notified ?? []
    }
    await whileUp(
      async () => {
        await run('swarm', 'register', 'alice')
        await run('escalation', 'ask', 'Which dialect?', '--as', 'alice', '--severity', 'critical')
        await until(async () => (await told()).length === 1)
      },
      { HOOK: url },
    )
    expect(bodies).toHaveLength(1)
    expect(bodies[0]).toContain('Which dialect?')
    await whileUp(async () => expect(await told()).toEqual(['oncall']), { HOOK: url })
    expect(bodies).toHaveLength(1)
  })

  test('whose secret is not there starts nothing', async () => {
    await write('channels:\n  - name: oncall\n    kind: webhook\n    url_env: HOOK\n')
    const refused = await run('up', ...LISTEN)
    expect(refused.exit).toBe(2)
    expect(refused.err).toContain('HOOK')
  })
})
