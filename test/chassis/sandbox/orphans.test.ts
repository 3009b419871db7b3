import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { JAIL_LEVELS } from '../../../src/chassis/jail/levels.js'
import { ProcessView } from '../../../src/chassis/jail/process-view.js'
import { hasLevel } from '../support/jail-levels.js'
import { guest } from '../support/sandbox.js'

function useOf(pid: number) {
  const view = ProcessView.of(pid)
  const use = view?.use()
  view?.close()
  return use
}

const PARENT = fileURLToPath(new URL('children/parent.mjs', import.meta.url))
const ADMITTING = fileURLToPath(new URL('children/admitting.mjs', import.meta.url))
const endless = Buffer.from(guest('(loop $again (br $again)) (i32.const 0)')).toString('hex')

let parent: ChildProcessByStdio<null, Readable, null> | undefined
afterEach(() => {
  parent?.kill('SIGKILL')
})

test.each(JAIL_LEVELS)(
  'a child that runs for ever at level %s ends with its parent, however that ends',
  async (level) => {
    if (!hasLevel(level)) return
    parent = spawn(process.execPath, [PARENT, level, endless], { stdio: ['ignore', 'pipe', 'inherit'] })
    const pid = Number(String((await once(parent.stdout, 'data'))[0]))
    expect(useOf(pid)?.residentBytes).toBeGreaterThan(0)
    parent.kill('SIGKILL')
    // A process that has ended has no memory, whether somebody has asked for its end already or not.
    await expect.poll(() => useOf(pid)?.residentBytes ?? 0, { timeout: 10_000 }).toBe(0)
  },
)

test('a process that admits a module ends with its parent, also when it cannot hear of that', async () => {
  parent = spawn(process.execPath, [ADMITTING], { stdio: ['ignore', 'pipe', 'inherit'] })
  const pid = Number(String((await once(parent.stdout, 'data'))[0]))
  expect(useOf(pid)?.residentBytes).toBeGreaterThan(0)
  process.kill(pid, 'SIGSTOP')
  parent.kill('SIGKILL')
  await expect.poll(() => useOf(pid)?.residentBytes ?? 0, { timeout: 10_000 }).toBe(0)
})
