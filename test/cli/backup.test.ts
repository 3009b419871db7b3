import { spawnSync } from 'node:child_process'
import { chmod, cp, mkdir, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { hostFabric } from '../../src/cli/host.js'
import { readMark } from '../../src/cli/moved-log.js'
import { readClosedLog } from '../../src/journal/file/closed-log.js'
import { encodeTarHeader } from '../../src/witness/backup/tar-header.js'
import { NoteSigner } from '../../src/witness/note/signer.js'
import { ifab, temporaryDirectory } from './console.js'

let directory: string
let data: string
let backup: string
let restored: string
beforeEach(async () => {
  directory = await temporaryDirectory()
  data = join(directory, 'data')
  backup = join(directory, 'backup')
  restored = join(directory, 'restored')
})
afterEach(() => rm(directory, { recursive: true, force: true }))

/** Runs a command line against a data directory; fails the test when it fails. */
async function run(at: string, ...argv: string[]) {
  const { exit, out, err } = await ifab({ IFAB_DATA: at, XDG_STATE_HOME: directory }, ...argv, '--json')
  if (exit !== 0) throw new Error(`ifab ${argv.join(' ')}: ${err}`)
  return JSON.parse(out)
}

async function refused(at: string, ...argv: string[]) {
  const { exit, err } = await ifab({ IFAB_DATA: at }, ...argv, '--json')
  return { exit, ...JSON.parse(err) }
}

/** Does work while the fabric of a data directory runs. */
async function during(at: string, work: () => Promise<unknown>): Promise<void> {
  const hosted = await hostFabric({ data: at, name: 'demo', listen: '127.0.0.1:0' })
  try {
    await work()
  } finally {
    await hosted.close()
  }
}

async function putBlob(at: string, content: string): Promise<string> {
  const path = join(directory, 'content')
  await writeFile(path, content)
  return (await run(at, 'blob', 'put', path)).sha256
}

const sizeOf = async (at: string) => (await readClosedLog(join(at, 'log'))).entries
const restore = () => ['restore', '--from', backup, '--to', `file:${restored}`]

describe('ifab backup', () => {
  test('of a fabric that runs is whole, private, and brought up to date by what is new', async () => {
    await during(data, async () => {
      await run(data, 'swarm', 'register', 'one')
      const blob = await putBlob(data, 'first')
      const first = await run(data, 'backup', '--to', backup)
      expect(first).toMatchObject({ origin: 'demo', fetched: first.size, unsigned: 0, newBlobs: 1, keys: [] })
      expect((await stat(backup)).mode & 0o777).toBe(0o700)
      expect((await readdir(backup)).sort()).toEqual(['blobs', 'log', 'manifest.json'])

      for (let swarm = 0; swarm < 300; swarm += 1) await run(data, 'swarm', 'register', `swarm-${swarm}`)
      const second = await run(data, 'backup', '--to', backup)
      expect(second).toMatchObject({ newBlobs: 0, fetched: second.size })
      await putBlob(data, 'second')
      const third = await run(data, 'backup', '--to', backup)
      // The full bundles were there.
      expect(third).toMatchObject({ newBlobs: 1, fetched: third.size % 256, blobs: { count: 2, bytes: 11 } })

      await run(data, 'blob', 'delete', blob, '--reason', 'personal')
      await run(data, 'backup', '--to', backup)
      await expect(stat(join(backup, 'blobs', blob.slice(0, 2), blob.slice(2)))).rejects.toThrow('ENOENT')
      expect(await run(data, ...restore())).toMatchObject({ blobs: 1 })
    })
  })

  test('is of one moment, whatever is written meanwhile', async () => {
    await during(data, async () => {
      let going = true
      const writing = (async () => {
        for (let swarm = 0; going; swarm += 1) await run(data, 'swarm', 'register', `swarm-${swarm}`)
        return run(data, 'status')
      })()
      for (let round = 0; round < 5; round += 1) await run(data, 'backup', '--to', backup)
      const last = await run(data, 'backup', '--to', backup)
      going = false
      expect((await writing).entries).toBeGreaterThanOrEqual(last.size)
      expect(await run(data, ...restore())).toMatchObject({ size: last.size, root: last.root })
    })
  })

  test('of a fabric that does not run needs nobody, and tells of what is not signed', async () => {
    await during(data, async () => {
      await putBlob(data, 'content')
      // As a crash leaves it: the checkpoint before the last entries.
      await cp(join(data, 'witness', 'checkpoint'), join(directory, 'checkpoint'))
      await run(data, 'swarm', 'register', 'one')
    })
    const whole = await run(data, 'backup', '--to', backup)
    expect(whole).toMatchObject({ unsigned: 0, size: await sizeOf(data), blobs: { count: 1, missing: [] } })
    await cp(join(directory, 'checkpoint'), join(data, 'witness', 'checkpoint'))
    const late = await run(data, 'backup', '--to', join(directory, 'late'))
    expect(late.unsigned).toBe((await sizeOf(data)) - late.size)
    expect(late.unsigned).toBeGreaterThan(0)
  })

  test('tells of blobs that the fabric has lost', async () => {
    let blob = ''
    await during(data, async () => {
      blob = await putBlob(data, 'content')
    })
    await rm(join(data, 'blobs', blob.slice(0, 2), blob.slice(2)))
    expect(await run(data, 'backup', '--to', backup)).toMatchObject({ blobs: { count: 0, missing: [blob] } })
    expect(await run(data, ...restore())).toMatchObject({ blobs: 0 })
  })

  test('goes nowhere that others may enter, or where something else is', async () => {
    await during(data, async () => undefined)
    await mkdir(backup, { mode: 0o755 })
    await chmod(backup, 0o755)
    expect(await refused(data, 'backup', '--to', backup)).toMatchObject({ code: 'FORBIDDEN' })
    await chmod(backup, 0o700)
    await run(data, 'backup', '--to', backup)
    const other = join(directory, 'other')
    const hosted = await hostFabric({ data: other, name: 'other', listen: '127.0.0.1:0' })
    await hosted.close()
    expect(await refused(other, 'backup', '--to', backup)).toMatchObject({ code: 'CONFLICT' })
    expect(await refused(restored, 'backup', '--to', backup)).toMatchObject({ code: 'NOT_FOUND' })
  })
})

describe('ifab restore', () => {
  test('gives a fabric that goes on under the same key, when the backup has it', async () => {
    let epoch = 0
    await during(data, async () => {
      await run(data, 'swarm', 'register', 'one')
      await run(data, 'task', 'create', 'A', '--title', 'Goes on')
      epoch = (await run(data, 'claim', 'A', '--as', 'one')).epoch
      await putBlob(data, 'content')
      expect(await run(data, 'backup', '--to', backup, '--with-keys')).toMatchObject({ keys: ['key', 'redaction-key'] })
    })
    for (const name of await readdir(join(backup, 'keys'))) {
      expect((await stat(join(backup, 'keys', name))).mode & 0o777).toBe(0o600)
    }
    expect(await run(data, ...restore())).toMatchObject({ blobs: 1, keys: ['key', 'redaction-key'], kept: 0 })
    expect((await stat(join(restored, 'witness', 'key'))).mode & 0o777).toBe(0o600)
    await during(restored, async () => {
      await run(restored, 'done', 'A', '--epoch', String(epoch), '--as', 'one')
    })
    const { out } = await ifab({ IFAB_DATA: restored, XDG_STATE_HOME: directory }, 'witness', 'verify', '--json')
    expect(JSON.parse(out).verdicts).toMatchObject({ integrity: { status: 'ok' }, signature: { status: 'ok' } })
    // What went on is not overwritten.
    expect(await refused(data, ...restore())).toMatchObject({ code: 'CONFLICT' })
  })

  test('without a key says what to do, and a new identity goes on', async () => {
    await during(data, async () => {
      await run(data, 'backup', '--to', backup)
    })
    const { out } = await ifab({ IFAB_DATA: data }, ...restore())
    expect(out).toContain('It has no key: put that back as')
    expect(await refused(restored, 'up', '--listen', '127.0.0.1:0')).toMatchObject({ code: 'DATA_CORRUPT' })
    await run(restored, 'witness', 'reset', '--yes')
    await during(restored, async () => {
      expect(await run(restored, 'status')).toMatchObject({ name: 'demo', state: 'running' })
    })
  })

  test('can be repeated, and goes on where it was interrupted', async () => {
    await during(data, async () => {
      await putBlob(data, 'content')
    })
    const { size } = await run(data, 'backup', '--to', backup, '--with-keys')
    await run(data, ...restore())
    await rm(join(restored, 'blobs'), { recursive: true })
    expect(await run(data, ...restore())).toMatchObject({ kept: size, copied: 0, blobs: 1 })
    expect(await readMark(restored)).toBeUndefined()
    await during(restored, async () => undefined)
  })

  test('takes the older backup while a newer one is not complete', async () => {
    const whole = { size: 0, root: '' }
    await during(data, async () => {
      Object.assign(whole, await run(data, 'backup', '--to', backup))
      await run(data, 'swarm', 'register', 'late')
      await rm(join(backup, 'log', 'vkey.txt'))
      // The log of the backup is brought up to date; then it is interrupted.
      await run(data, 'witness', 'export', join(backup, 'log'))
    })
    expect(await run(data, ...restore())).toMatchObject({ size: whole.size, root: whole.root })
  })

  test('takes only what the key signed that it is told to trust', async () => {
    await during(data, async () => {
      await run(data, 'backup', '--to', backup)
    })
    const vkey = (await readFile(join(backup, 'log', 'vkey.txt'), 'utf8')).trim()
    const other = NoteSigner.generate('demo').vkey
    expect(await refused(data, ...restore(), '--key', other)).toMatchObject({ code: 'PROOF_INVALID', exit: 9 })
    expect(await run(data, ...restore(), '--key', other, '--key', vkey)).toMatchObject({ origin: 'demo' })
  })
})

describe('a backup in one file', () => {
  let file: string
  beforeEach(async () => {
    file = join(directory, 'backup.tar')
    await during(data, async () => {
      await putBlob(data, 'content')
      await run(data, 'backup', '--to', file, '--with-keys')
    })
  })

  const restoreFile = () => ['restore', '--from', file, '--to', `file:${restored}`]

  test('is private, is a tar archive, and is restored like a directory', async () => {
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    await expect(stat(`${file}.unfinished`)).rejects.toThrow('ENOENT')
    const listed = spawnSync('tar', ['--list', '--file', file], { encoding: 'utf8' })
    if (listed.error === undefined) {
      expect(listed.stderr).toBe('')
      expect(listed.stdout.split('\n')).toEqual(expect.arrayContaining(['manifest.json', 'log/checkpoint', 'keys/key']))
    }
    expect(await run(data, ...restoreFile())).toMatchObject({ blobs: 1, keys: ['key', 'redaction-key'] })
    await during(restored, async () => undefined)
  })

  test('is restored from what tar packs, too', async () => {
    await mkdir(backup)
    if (spawnSync('tar', ['--extract', '--file', file, '--directory', backup]).error !== undefined) return
    expect(
      spawnSync('tar', [
        '--create',
        '--format=ustar',
        '--file',
        file,
        '-C',
        backup,
        'log',
        'blobs',
        'keys',
        'manifest.json',
      ]).status,
    ).toBe(0)
    expect(await run(data, ...restoreFile())).toMatchObject({ blobs: 1 })
  })

  const damages: [string, (bytes: Buffer) => Buffer, RegExp][] = [
    ['was cut off', (bytes) => bytes.subarray(0, bytes.length - 2_000), /damaged: its end is missing|it ends within/],
    ['is no archive', () => Buffer.alloc(4_096, 'x'), /a header is damaged/],
    ['is empty', () => Buffer.alloc(0), /its end is missing/],
    [
      'has a file that no backup has',
      () => Buffer.concat([encodeTarHeader('../../escaped', 1), Buffer.alloc(512, 'x'), Buffer.alloc(1_024)]),
      /it holds \.\.\/\.\.\/escaped/,
    ],
    [
      'has another entry',
      (bytes) => Buffer.from(bytes.toString('latin1').replace('fabric_created', 'fabric_CREATED'), 'latin1'),
      /does not hash/,
    ],
  ]

  test.each(damages)('is refused when it %s', async (_, damage, message) => {
    const before = await readFile(file)
    const after = damage(before)
    expect(after.equals(before)).toBe(false)
    await writeFile(file, after)
    expect(await refused(data, ...restoreFile())).toMatchObject({
      code: 'DATA_CORRUPT',
      message: expect.stringMatching(message),
    })
    expect((await refused(data, ...restoreFile())).message).toContain(file)
    await expect(stat(restored)).rejects.toThrow('ENOENT')
  })
})

describe('a backup that is not what it was', () => {
  let blob: string
  beforeEach(async () => {
    await during(data, async () => {
      blob = await putBlob(data, 'content')
      for (let swarm = 0; swarm < 4; swarm += 1) await run(data, 'swarm', 'register', `swarm-${swarm}`)
    })
    await run(data, 'backup', '--to', backup, '--with-keys')
  })

  const path = (...names: string[]) => join(backup, ...names)

  async function partialOf(kind: string): Promise<string> {
    const [width = ''] = await readdir(path('log', 'tile', kind, '000.p'))
    return path('log', 'tile', kind, '000.p', width)
  }

  async function edit(file: string, change: (text: string) => string): Promise<void> {
    const before = await readFile(file, 'latin1')
    const after = change(before)
    expect(after).not.toBe(before)
    await writeFile(file, after, 'latin1')
  }

  const cases: [string, () => Promise<unknown>, string, RegExp][] = [
    [
      'an entry was changed',
      async () => edit(await partialOf('entries'), (text) => text.replace('swarm-2', 'swarm-9')),
      'DATA_CORRUPT',
      /Entry \d+ does not hash/,
    ],
    [
      'its entries were cut off',
      async () => truncate(await partialOf('entries'), 300),
      'DATA_CORRUPT',
      /Entries in tile\/entries\/000\.p\/\d+ cannot be read/,
    ],
    ['entries are missing', async () => rm(await partialOf('entries')), 'DATA_CORRUPT', /Entries are missing/],
    ['a tile is missing', async () => rm(await partialOf('0')), 'DATA_CORRUPT', /A tile is missing/],
    [
      'a blob was changed',
      () => edit(path('blobs', blob.slice(0, 2), blob.slice(2)), () => 'CONTENT'),
      'DATA_CORRUPT',
      /is not what was stored/,
    ],
    ['a blob is missing', () => rm(path('blobs', blob.slice(0, 2), blob.slice(2))), 'DATA_CORRUPT', /is not in it/],
    [
      'a key was changed',
      () => edit(path('keys', 'key'), (text) => text.replace(/.$/m, '0')),
      'DATA_CORRUPT',
      /keys\/key is not what was backed up/,
    ],
    ['a key is missing', () => rm(path('keys', 'redaction-key')), 'DATA_CORRUPT', /keys\/redaction-key is not in it/],
    [
      'its checkpoint is of fewer entries',
      () => edit(path('manifest.json'), (text) => text.replace(/demo\\n\d+/, 'demo\\n3')),
      'DATA_CORRUPT',
      /the checkpoint is of 3 entries, but/,
    ],
    [
      'its checkpoint has another signature',
      () => edit(path('manifest.json'), (text) => text.replace(/([A-Za-z0-9])(.)\\n",/, '$2$1\\n",')),
      'PROOF_INVALID',
      /signature/i,
    ],
    ['its manifest is cut off', () => truncate(path('manifest.json'), 100), 'DATA_CORRUPT', /it is not JSON/],
    [
      'a later release wrote it',
      () => edit(path('manifest.json'), (text) => text.replace('"version": 1', '"version": 2')),
      'DATA_TOO_NEW',
      /Install the release/,
    ],
    ['it was never completed', () => rm(path('manifest.json')), 'NOT_FOUND', /writes last/],
  ]

  test.each(cases)('is refused when %s, and nothing is written', async (_, damage, code, message) => {
    await damage()
    expect(await refused(data, ...restore())).toMatchObject({ code, message: expect.stringMatching(message) })
    await expect(stat(restored)).rejects.toThrow('ENOENT')
  })

  test('is made whole by the next backup', async () => {
    await rm(await partialOf('entries'))
    await rm(path('blobs', blob.slice(0, 2), blob.slice(2)))
    await run(data, 'backup', '--to', backup, '--with-keys')
    expect(await run(data, ...restore())).toMatchObject({ blobs: 1 })
  })
})
