import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, describe, expect, test } from 'vitest'
import { limitProcess } from '../../../src/chassis/jail/process-limits.js'
import { dataBytes, innerProcess, ProcessView } from '../../../src/chassis/jail/process-view.js'

const ended: (() => void)[] = []
afterEach(() => {
  for (const end of ended.splice(0)) end()
})

function useOf(pid: number) {
  const view = ProcessView.of(pid)
  const use = view?.use()
  view?.close()
  return use
}

/** Node.js with a program, when it has said its first word. */
async function node(program: string) {
  const child = spawn(process.execPath, ['-e', program], { stdio: ['pipe', 'pipe', 'ignore'] })
  ended.push(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  return { child, pid: child.pid ?? 0 }
}

describe('what the kernel tells', () => {
  test('counts the time that a process works, and its memory', async () => {
    const { pid } = await node(`
      const filled = Buffer.alloc(64 * 1024 * 1024, 1)
      const from = process.cpuUsage()
      while (process.cpuUsage(from).user < 200_000) {}
      process.stdout.write('x')
      process.stdin.on('data', () => filled)`)
    const use = useOf(pid)
    expect(use?.cpuMs).toBeGreaterThanOrEqual(150)
    expect(use?.cpuMs).toBeLessThan(30_000)
    expect(use?.residentBytes).toBeGreaterThan(64 * 1024 * 1024)
    expect(dataBytes(pid)).toBeGreaterThan(64 * 1024 * 1024)
  })

  test('finds the one child of a process', async () => {
    const { child, pid } = await node(`
      const { spawn } = require('node:child_process')
      const inner = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
      process.on('SIGTERM', () => { inner.kill('SIGKILL'); inner.on('exit', () => process.exit()) })
      process.stdout.write(String(inner.pid))
      setInterval(() => {}, 1000)`)
    const inner = innerProcess(pid)
    expect(inner).toBeGreaterThan(0)
    child.kill('SIGTERM')
    await once(child, 'exit')
    expect(useOf(inner ?? 0)).toBeUndefined()
  })

  test('is nothing of a process that is not there', () => {
    expect(useOf(2 ** 30)).toBeUndefined()
    expect(dataBytes(2 ** 30)).toBeUndefined()
    expect(innerProcess(2 ** 30)).toBeUndefined()
    expect(innerProcess(process.pid)).not.toBe(process.pid)
  })
})

describe('a limit', () => {
  const GREEDY = `
    process.stdout.write('x')
    process.stdin.once('data', () => {
      try { process.stdout.write('got ' + new Uint8Array(Number(process.argv[1] ?? 256) * 1024 * 1024).fill(1).length) }
      catch (error) { process.stdout.write(error.name) }
    })`

  test('of memory holds for what comes after it', async () => {
    const { child, pid } = await node(GREEDY)
    await limitProcess(pid, 64 * 1024 * 1024)
    child.stdin.write('go')
    expect(String((await once(child.stdout, 'data'))[0])).toBe('RangeError')
  })

  test('leaves the room that it names', async () => {
    const { child, pid } = await node(GREEDY)
    await limitProcess(pid, 512 * 1024 * 1024)
    child.stdin.write('go')
    expect(String((await once(child.stdout, 'data'))[0])).toBe(`got ${256 * 1024 * 1024}`)
  })

  test('of a process that is gone is refused', async () => {
    await expect(limitProcess(2 ** 30, 1)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })
})
