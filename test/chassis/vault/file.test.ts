import { chmod, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { FileVault } from '../../../src/chassis/vault/file.js'
import { readPrivateFile } from '../../../src/chassis/vault/private-file.js'
import { LIMITS } from '../../../src/model/limits.js'

let folder: string
let path: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ifab-vault-'))
  path = join(folder, 'secrets.yaml')
})
afterEach(async () => {
  vi.restoreAllMocks()
  await rm(folder, { recursive: true })
})

async function write(text: string, mode = 0o600): Promise<void> {
  await writeFile(path, text)
  await chmod(path, mode)
}

const vault = (at = path) => new FileVault({ kind: 'file', path: at })
const SECRETS = `# What modules may use.
example-token: "sesame-open"
other: 'colon: and # sign'
`

describe('a file of secrets', () => {
  test('has a line for each, and a change counts at once', async () => {
    await write(SECRETS)
    const opened = vault()
    await expect(opened.secret('example-token')).resolves.toBe('sesame-open')
    await expect(opened.secret('other')).resolves.toBe('colon: and # sign')
    await write('example-token: "sesame-shut"')
    await expect(opened.secret('example-token')).resolves.toBe('sesame-shut')
  })

  test('may be JSON', async () => {
    await write(JSON.stringify({ 'example-token': 'sesame-open' }))
    await expect(vault().secret('example-token')).resolves.toBe('sesame-open')
  })

  test.each(['absent', 'constructor', 'tostring'])('without %s says so', async (name) => {
    await write(SECRETS)
    const refusal = { code: 'NOT_FOUND', message: `There is no secret ${name} in ${path}.` }
    await expect(vault().secret(name)).rejects.toMatchObject(refusal)
  })

  test.each([
    ['a list', '- sesame-open', 1],
    ['a map of maps', 'example-token:\n  value: sesame-open', 1],
    ['a number', 'example-token: 1234567890123', 1],
    ['a name in capitals', 'fine: "sesame-1234"\nEXAMPLE: "sesame-open"', 2],
    ['a name given twice', 'a: "sesame-open"\na: "sesame-open"', 2],
    ['no YAML', 'example-token: "sesame-open', 1],
  ])('that has %s is refused by its line, and nothing of it is repeated', async (_, text, line) => {
    await write(text)
    const refusal = await vault()
      .secret('example-token')
      .catch((error) => error)
    expect(refusal).toMatchObject({ code: 'INVALID_ARGUMENT', details: { reason: 'unreadable' } })
    expect(refusal.message).toContain(`${path}:${line}: `)
    expect(`${refusal.stack} ${JSON.stringify(refusal.details)}`).not.toMatch(/sesame|123456/)
  })
})

describe('a private file', () => {
  const refusal = (at = path) => readPrivateFile(at, LIMITS.secretFileBytes).catch((error) => error)

  test.each([0o600, 0o400])('may have the mode %o', async (mode) => {
    await write(SECRETS, mode)
    expect(await readPrivateFile(path, LIMITS.secretFileBytes)).toBe(SECRETS)
  })

  test.each([0o640, 0o604, 0o620, 0o610, 0o700, 0o666, 0o4600])('of mode %o is refused', async (mode) => {
    await write(SECRETS, mode)
    expect(await refusal()).toMatchObject({
      code: 'INVALID_ARGUMENT',
      details: { reason: 'permissions' },
      message: `${path} is open to others (mode ${mode.toString(8)}). Run: chmod 600 ${path}`,
    })
  })

  test('of another user is refused', async () => {
    await write(SECRETS)
    const own = process.getuid?.() ?? 0
    vi.spyOn(process, 'getuid').mockReturnValue(own + 1)
    expect(await refusal()).toMatchObject({ code: 'INVALID_ARGUMENT', details: { reason: 'permissions' } })
  })

  test('that is a link is refused, wherever it leads', async () => {
    await write(SECRETS)
    const link = join(folder, 'link.yaml')
    await symlink(path, link)
    expect(await refusal(link)).toMatchObject({
      code: 'INVALID_ARGUMENT',
      details: { reason: 'permissions' },
      message: expect.stringContaining('is a link'),
    })
  })

  test('that is a folder is none', async () => {
    expect(await refusal(folder)).toMatchObject({ code: 'INVALID_ARGUMENT', details: { reason: 'unreadable' } })
  })

  test('that is not there is missing', async () => {
    expect(await refusal()).toMatchObject({ code: 'NOT_FOUND', message: `There is no file ${path}.` })
  })

  test('has at most its limit of bytes', async () => {
    await write('x'.repeat(LIMITS.secretFileBytes))
    expect(await readPrivateFile(path, LIMITS.secretFileBytes)).toHaveLength(LIMITS.secretFileBytes)
    await write('x'.repeat(LIMITS.secretFileBytes + 1))
    expect(await refusal()).toMatchObject({ code: 'INVALID_ARGUMENT', details: { reason: 'unreadable' } })
  })
})
