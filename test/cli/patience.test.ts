import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type HostedFabric, hostFabric } from '../../src/cli/host.js'
import { until } from '../support/served-fabric.js'
import { ifab, temporaryDirectory } from './console.js'

let directory: string
let hosted: HostedFabric
let env: { IFAB_DATA: string }

function host(): Promise<HostedFabric> {
  return hostFabric({ data: env.IFAB_DATA, listen: '127.0.0.1:0', onFault: () => undefined })
}

beforeEach(async () => {
  directory = await temporaryDirectory()
  env = { IFAB_DATA: join(directory, 'data') }
  hosted = await host()
  await ifab(env, 'swarm', 'register', 'alice')
})
afterEach(async () => {
  await hosted.close()
  await rm(directory, { recursive: true })
})

async function waitingSwarms(): Promise<number> {
  return JSON.parse((await ifab(env, 'status', '--json')).out).waitingSwarms
}

test('next --wait goes on waiting when the fabric is restarted on another port', async () => {
  const offered = ifab(env, 'next', '--as', 'alice', '--wait', '60s')
  await until(async () => (await waitingSwarms()) === 1)
  await hosted.close()
  hosted = await host()
  await ifab(env, 'task', 'create', 'late', '--title', 'Late')
  expect(await offered).toMatchObject({ exit: 0, err: '', out: expect.stringContaining('Work: late') })
})

test.each([['next'], ['inbox']])('%s --wait says that the fabric is gone when the wait is over', async (command) => {
  const gone = { ...env, IFAB_URL: 'http://127.0.0.1:9', IFAB_TOKEN: 'token' }
  const start = performance.now()
  const { exit, err } = await ifab(gone, command, '--as', 'alice', '--wait', '1s')
  expect(performance.now() - start).toBeGreaterThanOrEqual(1_000)
  expect({ exit, err }).toMatchObject({ exit: 7, err: expect.stringContaining('No fabric answers at') })
})
