import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bubblewrap } from '../../../src/chassis/jail/bubblewrap.js'
import type { Jail } from '../../../src/chassis/jail/jail.js'
import { JAIL_LEVELS, type JailLevel } from '../../../src/chassis/jail/levels.js'
import { permissionOnly } from '../../../src/chassis/jail/permission.js'
import { nodeBinary, permissionFlag } from '../../../src/chassis/jail/program.js'
import { JailedProcess } from '../../../src/chassis/jail/start.js'
import { tool } from '../../../src/chassis/jail/tools.js'
import { unshare } from '../../../src/chassis/jail/unshare.js'
import { SandboxChild } from '../../../src/chassis/sandbox/child.js'
import { probeJails } from '../../../src/chassis/sandbox/probe-jails.js'
import { Sandbox, type SandboxOptions } from '../../../src/chassis/sandbox/sandbox.js'
import { hasLevel } from '../support/jail-levels.js'

const BURGLAR = { directory: fileURLToPath(new URL('children', import.meta.url)), file: 'burglar.mjs' }
const SECRET = 'the secret of the parent'

interface Loot {
  readonly outcomes: Readonly<Record<string, string>>
  readonly env: Readonly<Record<string, string>>
  readonly argv: readonly string[]
}

let directory: string
let tcp: Server
let local: Server

beforeAll(async () => {
  process.env.BURGLAR_SECRET = SECRET
  directory = mkdtempSync(join(tmpdir(), 'ifab-jail-'))
  writeFileSync(join(directory, 'secret'), SECRET, { mode: 0o600 })
  tcp = createServer().listen(0, '127.0.0.1')
  local = createServer().listen(join(directory, 'socket'))
  await Promise.all([once(tcp, 'listening'), once(local, 'listening')])
})

afterAll(() => {
  delete process.env.BURGLAR_SECRET
  tcp.close()
  local.close()
  rmSync(directory, { recursive: true })
})

/** What a hostile program gets in a jail. */
async function burgle(jail: Jail): Promise<Loot> {
  const inside = new JailedProcess(jail, BURGLAR)
  const order = {
    port: (tcp.address() as AddressInfo).port,
    socket: join(directory, 'socket'),
    secretFile: join(directory, 'secret'),
    newFile: join(directory, 'new'),
    process: process.pid,
  }
  inside.toProgram.write(`${JSON.stringify(order)}\n`)
  let said = ''
  inside.fromProgram.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk
  })
  await Promise.all([inside.ended, once(inside.fromProgram, 'close')])
  if (said === '') throw new Error(`the burglar said nothing: ${inside.complaint}`)
  return JSON.parse(said) as Loot
}

/** What another program says on its standard error where Node.js would be started: code that does not ask Node.js. */
async function insteadOfNode({ command }: Jail, program: readonly string[]): Promise<string> {
  const { argv } = command(BURGLAR)
  const [file = '', ...rest] = [...argv.slice(0, argv.indexOf(nodeBinary())), ...program]
  const { stderr } = spawn(file, rest, { env: {}, cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] })
  return (await text(stderr)).trim()
}

const permission = permissionFlag()

/** Names of what worked. */
function worked({ outcomes }: Loot): string[] {
  return Object.keys(outcomes).filter((name) => outcomes[name] === 'done')
}

describe('a program in place of that of a child', () => {
  test.runIf(hasLevel('bubblewrap'))('can do nothing under bubblewrap', async () => {
    const loot = await burgle(await bubblewrap(permission))
    expect(worked(loot)).toEqual([])
    expect(Object.keys(loot.outcomes).length).toBeGreaterThan(12)
  })

  test.runIf(hasLevel('bubblewrap'))('is held by the kernel alone there, without any help of Node.js', async () => {
    const loot = await burgle(await bubblewrap(undefined))
    // The root has nothing but what the program stands on.
    expect(worked(loot)).toEqual(['list the root'])
    expect(loot.outcomes).toMatchObject({
      'read a file of the machine': 'ENOENT',
      'read a file of the user': 'ENOENT',
      'list the processes': 'ENOENT',
      'write into the root': 'EROFS',
      'change its own program': 'EROFS',
      connect: 'ENOSYS',
      'connect to a socket file': 'ENOSYS',
      'send a datagram': 'ENOSYS',
      'end another process': 'ENOSYS',
    })
  })

  test.runIf(hasLevel('unshare'))('reaches no file, network or process with unshare', async () => {
    const loot = await burgle(unshare(permission, 'last'))
    expect(worked(loot).filter((name) => name !== 'connect to a socket file')).toEqual(['listen'])
    expect(loot.outcomes).toMatchObject({ connect: 'ENETUNREACH', 'connect to the world': 'ENETUNREACH' })
  })

  test.runIf(hasLevel('unshare'))('has no network and no other process there without any help of Node.js', async () => {
    const { outcomes } = await burgle(unshare(undefined, 'last'))
    expect(outcomes).toMatchObject({ connect: 'ENETUNREACH', 'send a datagram': 'ENETUNREACH' })
    expect(outcomes['write a file']).not.toBe('done')
    expect(outcomes['end another process']).toBe('ESRCH')
  })

  test.runIf(hasLevel('unshare'))(
    'can make no user namespace there, in which it would have all capabilities',
    async () => {
      const attempt = [tool('unshare'), '--user', 'true']
      expect(await insteadOfNode(unshare(undefined, 'last'), attempt)).toMatch(/unshare failed: No space left/)
      expect(await insteadOfNode(unshare(undefined, 'nested'), attempt)).toBe('')
    },
  )

  test.runIf(hasLevel('unshare'))('has no capabilities there, and cannot undo what was set', async () => {
    const attempt = ['/bin/sh', '-c', 'grep CapEff /proc/self/status >&2; echo 9 > /proc/sys/user/max_user_namespaces']
    const said = await insteadOfNode(unshare(undefined, 'last'), attempt)
    expect(said).toMatch(/^CapEff:\s+0{16}\n.*Permission denied$/)
  })

  test('reaches no file and starts no program with the permission model of Node.js', async () => {
    if (permission === undefined) throw new Error('this Node.js has no permission model')
    const { outcomes } = await burgle(permissionOnly(permission, process.getuid?.() === 0 ? 'root' : 'user'))
    for (const name of Object.keys(outcomes).filter((name) => /file of|list the|write|change|start/.test(name))) {
      expect(`${name}: ${outcomes[name]}`).toBe(`${name}: ERR_ACCESS_DENIED`)
    }
  })

  test.each(JAIL_LEVELS)('finds nothing of its parent in environment and arguments at level %s', async (level) => {
    if (!hasLevel(level)) return
    const { jail } = await probeJails([level])
    if (jail === undefined) throw new Error(`no jail of level ${level} starts`)
    const { env, argv } = await burgle(jail)
    // PWD is set by bubblewrap itself, to where its view begins.
    expect(Object.entries(env).filter(([name, value]) => !(name === 'PWD' && value === '/'))).toEqual([])
    expect(argv.join(' ')).not.toContain(SECRET)
  })
})

describe('probing', () => {
  const first = JAIL_LEVELS.find(hasLevel)

  test('takes the strongest level that starts', async () => {
    const { jail, failures } = await probeJails()
    expect(jail?.level).toBe(first)
    expect([...failures.keys()]).toEqual(JAIL_LEVELS.slice(0, JAIL_LEVELS.indexOf(first as JailLevel)))
  })

  test('finds tools wherever they are, and says which one is missing', () => {
    expect(tool('sh')).toMatch(/^\/.*\/sh$/)
    expect(() => tool('no-such-tool')).toThrow('no-such-tool is not installed')
  })

  test('says why a program does not start', async () => {
    const { jail } = await probeJails()
    const started = SandboxChild.start(jail as Jail, { ...BURGLAR, file: 'missing.mjs' })
    await expect(started).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('missing.mjs'),
    })
  })
})

describe('a sandbox', () => {
  const refusal = (options: SandboxOptions) => new Sandbox(options).level().catch((error) => error.report())

  test('that must have a stronger jail than there is runs nothing, and says what to install', async () => {
    expect(await refusal({ levels: ['permission'], minimumJail: 'unshare' })).toMatchObject({
      code: 'POLICY_VIOLATION',
      message: expect.stringContaining('Install bubblewrap'),
      details: { required: 'unshare', reached: 'permission' },
    })
    expect(await refusal({ levels: [] })).toMatchObject({ code: 'UNAVAILABLE' })
  })

  test('tells once which level its calls have', async () => {
    const told: JailLevel[] = []
    const sandbox = new Sandbox({ levels: ['permission'], onLevel: (level) => told.push(level) })
    await Promise.all([sandbox.level(), sandbox.level()])
    await sandbox.level()
    expect(told).toEqual(['permission'])
  })

  test('is content with a jail that is as strong as it must be', async () => {
    expect(await new Sandbox({ levels: ['permission'], minimumJail: 'permission' }).level()).toBe('permission')
  })
})
