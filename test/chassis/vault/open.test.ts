import { describe, expect, test } from 'vitest'
import { CachedVault } from '../../../src/chassis/vault/cached.js'
import { DeclaredVault } from '../../../src/chassis/vault/declared.js'
import { openVault } from '../../../src/chassis/vault/open.js'
import type { Vault } from '../../../src/chassis/vault/vault.js'
import { LIMITS } from '../../../src/model/limits.js'
import { FakeTiming } from '../../../src/testing/fake-timing.js'
import { Redactor } from '../../../src/witness/redact.js'
import { VaultServer } from './vault-server.js'

const CACHE_MS = 30_000

/** A vault whose answers a test gives one by one. */
class Answers implements Vault {
  readonly asked: string[] = []
  answer: (name: string) => Promise<string> = async (name) => `value of ${name} ${this.asked.length}`

  secret(name: string): Promise<string> {
    this.asked.push(name)
    return this.answer(name)
  }

  forget(): void {}
}

describe('a vault that is cached', () => {
  const open = (cacheMs = CACHE_MS) => {
    const answers = new Answers()
    const timing = new FakeTiming()
    return { answers, timing, vault: new CachedVault(answers, cacheMs, timing) }
  }

  test('is asked again when its time is over', async () => {
    const { answers, timing, vault } = open()
    expect(await vault.secret('a')).toBe('value of a 1')
    timing.advance(CACHE_MS - 1)
    expect(await vault.secret('a')).toBe('value of a 1')
    timing.advance(1)
    expect(await vault.secret('a')).toBe('value of a 2')
    expect(answers.asked).toEqual(['a', 'a'])
  })

  test('is asked once by several at the same time', async () => {
    const { answers, vault } = open()
    let give: (value: string) => void = () => expect.fail('nobody asked')
    answers.answer = () => new Promise((resolve) => (give = resolve))
    const asked = [vault.secret('a'), vault.secret('a'), vault.secret('a')]
    give('sesame-open')
    expect(await Promise.all(asked)).toEqual(['sesame-open', 'sesame-open', 'sesame-open'])
    expect(answers.asked).toEqual(['a'])
  })

  test('keeps no failure', async () => {
    const { answers, vault } = open()
    answers.answer = () => Promise.reject(new Error('sealed'))
    await expect(vault.secret('a')).rejects.toThrow('sealed')
    answers.answer = async () => 'sesame-open'
    expect(await vault.secret('a')).toBe('sesame-open')
  })

  test('is asked each time where nothing is to be kept, and when a value was not taken', async () => {
    const each = open(0)
    await each.vault.secret('a')
    expect(await each.vault.secret('a')).toBe('value of a 2')
    const { vault } = open()
    await vault.secret('a')
    vault.forget('a')
    expect(await vault.secret('a')).toBe('value of a 2')
  })

  test(`remembers ${LIMITS.vaultSecrets} at most`, async () => {
    const { answers, vault } = open()
    for (let count = 0; count <= LIMITS.vaultSecrets; count += 1) await vault.secret(`s${count}`)
    const before = answers.asked.length
    await vault.secret(`s${LIMITS.vaultSecrets}`)
    expect(answers.asked).toHaveLength(before)
    await vault.secret('s0')
    expect(answers.asked).toHaveLength(before + 1)
  })
})

describe('a vault that declares what it gives', () => {
  test('names each value before anybody has it, and the oldest no more when there are too many', async () => {
    const answers = new Answers()
    const declared = new Set<string>()
    const declare = (secret: string) => {
      declared.add(secret)
      return () => void declared.delete(secret)
    }
    const vault = new DeclaredVault(answers, [declare])
    answers.answer = async (name) => `value of ${name}`
    await vault.secret('first')
    await vault.secret('second')
    await vault.secret('first')
    expect([...declared]).toEqual(['value of first', 'value of second'])
    for (let count = 2; count <= LIMITS.vaultSecrets; count += 1) await vault.secret(`s${count}`)
    expect(declared.size).toBe(LIMITS.vaultSecrets)
    expect(declared.has('value of first'), 'it was used after the second').toBe(true)
    expect(declared.has('value of second')).toBe(false)
  })

  test('gives nothing that cannot be kept out of texts', async () => {
    const answers = new Answers()
    answers.answer = async () => 'short'
    const redactor = new Redactor({ key: Buffer.alloc(32) })
    const vault = new DeclaredVault(answers, [(secret) => redactor.declare(secret)])
    await expect(vault.secret('a')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
})

test('a vault that is opened is of its kind, and what it gives is in no text from then on', async () => {
  await using server = await VaultServer.open()
  server.secrets.set('/secret/a', { value: 'plainwords in a row' })
  const redactor = new Redactor({ key: Buffer.alloc(32) })
  const timing = new FakeTiming()
  const options = { clock: timing, declare: [(secret: string) => redactor.declare(secret)] }
  const environment = openVault({ kind: 'environment', prefix: 'S_' }, { S_A: 'words-of-env' }, options)
  expect(await environment.secret('a')).toBe('words-of-env')
  const config = { kind: 'hashicorp', mount: 'secret', field: 'value', tokenEnv: 'TOKEN' } as const
  const { address, token } = server
  const hashicorp = openVault({ ...config, address, timeoutMs: 60_000, cacheMs: CACHE_MS }, { TOKEN: token }, options)
  expect(redactor.redactText('it has plainwords in a row')).toBe('it has plainwords in a row')
  expect(await hashicorp.secret('a')).toBe('plainwords in a row')
  expect(await hashicorp.secret('a')).toBe('plainwords in a row')
  expect(server.requests).toHaveLength(1)
  expect(redactor.redactText('it has plainwords in a row, and words-of-env')).toMatch(
    /^it has \[redacted:credential:\w{16}\], and \[redacted:credential:\w{16}\]$/,
  )
  const file = openVault({ kind: 'file', path: '/nowhere/secrets.yaml' }, {}, options)
  await expect(file.secret('a')).rejects.toMatchObject({ code: 'NOT_FOUND' })
})
