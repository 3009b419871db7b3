import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { inspectOwner } from '../../../src/journal/file/lock.js'
import { openCosigner } from '../../../src/witness/cosign/open.js'
import { formatAddCheckpoint } from '../../../src/witness/cosign/request.js'
import { originHash } from '../../../src/witness/cosign/store.js'
import { CosignatureSigner, NoteSigner } from '../../../src/witness/note/signer.js'
import { SampleLog } from './sample-log.js'

const logSigner = NoteSigner.generate('example.com/log')
const NAME = 'witness.example/w1'

let root: string
let data: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'ifab-cosigner-'))
  data = join(root, 'deep', 'data')
})
afterEach(() => rm(root, { recursive: true, force: true }))

function open(name?: string) {
  return openCosigner({ data, logs: [logSigner.verifier], ...(name !== undefined && { name }) })
}

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777
}

describe('the directory of a cosigner', () => {
  test('is made at the first start with a key of that name, for nobody else to read', async () => {
    const opened = await open(NAME)
    expect(opened.name).toBe(NAME)
    expect(opened.cosigner.vkey).toMatch(/^witness\.example\/w1\+[0-9a-f]{8}\+B/)
    expect(await modeOf(data)).toBe(0o700)
    expect(await modeOf(join(data, 'cosigner'))).toBe(0o700)
    expect(await modeOf(join(data, 'cosigner', 'key'))).toBe(0o600)
    const { vkey } = CosignatureSigner.parse((await readFile(join(data, 'cosigner', 'key'), 'utf8')).trim())
    expect(opened.cosigner.vkey).toBe(vkey)
    await opened.close()
  })

  test('keeps its key and its checkpoints, with or without the name said again', async () => {
    const first = await open(NAME)
    const log = await SampleLog.of(9, logSigner)
    const checkpoint = await log.note(7)
    await first.cosigner.addCheckpoint(formatAddCheckpoint({ oldSize: 0, proof: [], checkpoint }))
    await first.close()
    await chmod(join(data, 'cosigner', 'key'), 0o644)
    for (const name of [undefined, NAME]) {
      const again = await open(name)
      expect(again.cosigner.vkey).toBe(first.cosigner.vkey)
      expect(await again.cosigner.latest(originHash('example.com/log'))).toContain(await log.text(7))
      await again.close()
    }
    expect(await modeOf(join(data, 'cosigner', 'key'))).toBe(0o600)
  })

  test('has one process, which says where it is', async () => {
    const first = await open(NAME)
    await first.annotate('http://127.0.0.1:1')
    await expect(open(NAME)).rejects.toMatchObject({
      code: 'DATA_LOCKED',
      message: expect.stringContaining('127.0.0.1:1'),
    })
    await first.close()
    await (await open(NAME)).close()
  })

  test('lets a request that is under way end before it is released', async () => {
    const opened = await open(NAME)
    const checkpoint = await (await SampleLog.of(7, logSigner)).note(7)
    const reply = opened.cosigner.addCheckpoint(formatAddCheckpoint({ oldSize: 0, proof: [], checkpoint }))
    await opened.close()
    expect(await readdir(join(data, 'cosigner'))).toContain(originHash('example.com/log'))
    expect(await reply).toMatchObject({ status: 200 })
  })

  const refusals: [string, string, string | undefined, (directory: string) => Promise<void>][] = [
    ['without a name for a new key', 'INVALID_ARGUMENT', undefined, async () => {}],
    ['with a name that no key can have', 'INVALID_ARGUMENT', 'a witness', async () => {}],
    [
      'with another name than that of its key',
      'CONFLICT',
      'other.example/w1',
      (directory) => writeFile(join(directory, 'key'), `${CosignatureSigner.generate(NAME).skey}\n`),
    ],
    ['with a damaged key', 'DATA_CORRUPT', NAME, (directory) => writeFile(join(directory, 'key'), 'PRIVATE+KEY+')],
    ['with a key that is empty', 'DATA_CORRUPT', NAME, (directory) => writeFile(join(directory, 'key'), '')],
    [
      'with the key of a log',
      'DATA_CORRUPT',
      NAME,
      (directory) => writeFile(join(directory, 'key'), NoteSigner.generate(NAME).skey),
    ],
    [
      'with checkpoints whose key is lost',
      'DATA_CORRUPT',
      NAME,
      (directory) => writeFile(join(directory, originHash('example.com/log')), 'note'),
    ],
  ]
  test.each(refusals)('is not opened %s, and not left locked', async (_, code, name, prepare) => {
    const directory = join(data, 'cosigner')
    await mkdir(directory, { recursive: true })
    await prepare(directory)
    const before = (await readdir(directory)).filter((file) => !file.startsWith('owner.'))
    await expect(open(name)).rejects.toMatchObject({ code })
    expect(await inspectOwner(directory)).toMatchObject({ state: 'released' })
    expect((await readdir(directory)).filter((file) => !file.startsWith('owner.'))).toEqual(before)
  })
})
