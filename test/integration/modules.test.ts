import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { moduleDigest } from '../../src/chassis/admission/admit.js'
import { type HostedFabric, hostFabric } from '../../src/cli/host.js'
import { ECHO } from '../chassis/support/sample-modules.js'
import { module } from '../chassis/support/text.js'
import { ifab, temporaryDirectory } from '../cli/console.js'

let directory: string
let hosted: HostedFabric
beforeEach(async () => {
  directory = await temporaryDirectory()
  hosted = await host()
})
afterEach(async () => {
  await hosted.close()
  await rm(directory, { recursive: true, force: true })
})

const data = () => join(directory, 'data')
const host = () => hostFabric({ data: data(), listen: '127.0.0.1:0', onFault: (line) => process.stderr.write(line) })

async function call(...words: readonly string[]) {
  const outcome = await ifab({ IFAB_DATA: data() }, ...words)
  expect(outcome).toMatchObject({ exit: 0, err: '' })
  return outcome.out
}

async function load(swarm: string, fields: string, limits = '{}'): Promise<void> {
  const bytes = module(fields)
  const place = join(directory, swarm)
  await mkdir(place, { recursive: true })
  await writeFile(join(place, 'tool.wasm'), bytes)
  const text = `swarm: ${swarm}\nversion: 1.0.0\nlimits: ${limits}\nmodule: { path: tool.wasm, sha256: "${moduleDigest(bytes)}" }\n`
  await writeFile(join(place, 'contract.yaml'), text)
  await call('swarm', 'register', swarm)
  await call('chassis', 'load', join(place, 'contract.yaml'))
}

async function shown(id: string) {
  return JSON.parse(await call('task', 'show', id, '--json')).task
}

/** What a task is when it is over. */
async function over(id: string) {
  for (;;) {
    const task = await shown(id)
    if (['completed', 'failed'].includes(task.state)) return task
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

test('a task that names a module is done by the fabric, and every step of it can be verified', async () => {
  await load('echo', ECHO)
  await call('task', 'create', 'T1', '--title', 'Say it again', '--module', 'echo')
  const task = await over('T1')
  expect(task).toMatchObject({ state: 'completed', completedBy: 'echo' })
  expect(JSON.parse(task.summary)).toMatchObject({
    task: { id: 'T1', title: 'Say it again' },
    swarm: 'echo',
    attempt: 1,
  })
  expect(await call('chassis', 'list')).toMatch(/^echo +1\.0\.0 +core/m)
  const trace = await call('witness', 'trace', 'T1')
  expect(trace).toMatch(/echo: module 1\.0\.0 ran: completed after/)
  const slo = JSON.parse(await call('chassis', 'slo', '--json'))
  expect(slo.items ?? slo).toHaveLength(1)
})

test('one module that never ends, one that eats memory and one that traps harm nobody else', async () => {
  const run = (code: string) => `(memory (export "memory") 1) (func (export "run") (result i32) ${code} (i32.const 0))`
  await load('endless', run('(loop $l (br $l))'), '{ fuel: 1_000_000_000_000, wall_time: 2s }')
  await load('greedy', run('(loop $l (br_if $l (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) (unreachable)'))
  await load('broken', run('(unreachable)'))
  await load('echo', ECHO)
  for (const swarm of ['endless', 'greedy', 'broken', 'echo']) {
    await call('task', 'create', swarm, '--title', 'Try', '--module', swarm)
  }
  expect((await over('echo')).state).toBe('completed')
  expect((await over('greedy')).lastFailure.reason).toMatch(/trapped|memory/)
  expect((await over('broken')).lastFailure.reason).toMatch(/trapped/)
  await expect.poll(async () => (await shown('endless')).failures, { timeout: 20_000 }).toBeGreaterThan(0)
  const endless = await shown('endless')
  expect(endless.lastFailure.reason).toMatch(/did not end in its time|processor time/)
}, 60_000)

test('how a module did is told, and is the same after a restart', async () => {
  await load('echo', ECHO)
  await call('task', 'create', 'T1', '--title', 'Say it again', '--module', 'echo')
  await over('T1')
  const before = await call('chassis', 'slo', 'echo')
  expect(before).toMatch(/^reputation +1$/m)
  expect(before).toMatch(/^newest +1 +100 % +100 % +\d+ ms +\d+ ms +\d+ ms$/m)
  await hosted.close()
  hosted = await host()
  expect(await call('chassis', 'slo', 'echo')).toBe(before)
})
