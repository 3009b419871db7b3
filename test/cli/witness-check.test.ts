import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { NoteSigner } from '../../src/witness/note/signer.js'
import { ifab, openSite, temporaryDirectory } from './console.js'

let directory: string

beforeEach(async () => {
  directory = await temporaryDirectory()
})
afterEach(() => rm(directory, { recursive: true, force: true }))

describe('ifab witness check', () => {
  test('accepts a proof that was handed over, and refuses another entry, another key and a changed proof', async () => {
    const proof = join(directory, 'entry.tlog-proof')
    const entry = join(directory, 'entry.json')
    let vkey: string
    {
      await using site = await openSite()
      await site.run('task', 'create', 'A', '--title', 'One')
      await site.run('witness', 'prove', '3', '--output', proof, '--entry', entry)
      vkey = JSON.parse(await site.run('witness', 'checkpoint', '--json')).vkey
    }
    const check = (key: string) => ifab({}, 'witness', 'check', proof, '--entry', entry, '--key', key)
    const found = await check(vkey)
    expect({ exit: found.exit, err: found.err }).toEqual({ exit: 0, err: '' })
    expect(found.out).toMatch(/entry\.json is entry 3 of fabric, in the log of \d+ entries that this key signed\./)
    const [name = ''] = vkey.split('+')
    expect((await check(NoteSigner.generate(name).vkey)).exit).toBe(9)
    expect((await check('nonsense')).exit).toBe(2)
    const bytes = await readFile(entry, 'utf8')
    await writeFile(entry, bytes.replace('One', 'Two'))
    const other = await check(vkey)
    expect({ exit: other.exit, out: other.out }).toEqual({ exit: 9, out: '' })
    expect(other.err).toContain('is not entry 3')
    await writeFile(entry, bytes)
    await writeFile(proof, (await readFile(proof, 'utf8')).replace('index 3', 'index 2'))
    expect((await check(vkey)).exit).toBe(9)
    await writeFile(proof, 'c2sp.org/tlog-proof@v1\n')
    expect((await check(vkey)).exit).toBe(2)
  })
})
