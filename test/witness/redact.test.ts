import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LIMITS } from '../../src/model/limits.js'
import { Redactor } from '../../src/witness/redact.js'
import { BASE64, CREDENTIALS, CREDENTIALS_IN_TEXT, ORDINARY_TEXTS, PLACEHOLDERS } from './secret-texts.js'

const KEY = Buffer.alloc(32, 7)
const redactor = new Redactor({ key: KEY })

function mark(kind: string, secret: string): string {
  return `[redacted:${kind}:${createHmac('sha256', KEY).update(secret).digest('hex').slice(0, 16)}]`
}

describe('text', () => {
  test.each(CREDENTIALS)('loses what has the form of a secret: %s', (kind, secret) => {
    expect(redactor.redactText(secret)).toBe(mark(kind, secret))
    expect(redactor.redactText(`Use ${secret} for it, then\n(${secret})`)).toBe(
      `Use ${mark(kind, secret)} for it, then\n(${mark(kind, secret)})`,
    )
  })

  test.each(CREDENTIALS_IN_TEXT)('loses what %s names: %s', (kind, before, secret, after) => {
    expect(redactor.redactText(before + secret + after)).toBe(before + mark(kind, secret) + after)
    const twice = `see:\n${before}${secret}${after}\n${before}${secret}${after}`
    expect(redactor.redactText(twice)).toBe(twice.replaceAll(secret, mark(kind, secret)))
  })

  test('loses a private key that was cut off, with all that follows', () => {
    const cut = `-----BEGIN PRIVATE KEY-----\n${BASE64}\n${BASE64}`
    expect(redactor.redactText(`log: ${cut}`)).toBe(`log: ${mark('private-key', cut)}`)
  })

  test('loses only the secret when a mark ends up where the line might have ended', () => {
    const secret = `ghp_${'a1B2'.repeat(9)}`
    expect(redactor.redactText(`Authorization: Custom ${secret}`)).toBe(
      `Authorization: Custom ${mark('github-token', secret)}`,
    )
  })

  test.each(ORDINARY_TEXTS)('stays as it is when it is ordinary: %s', (text) => {
    expect(redactor.redactText(text)).toBe(text)
    expect(redactor.redactText(`${text}\n${text}`)).toBe(`${text}\n${text}`)
  })

  test.each(PLACEHOLDERS)('keeps what stands for a secret: %s', (text) => {
    expect(redactor.redactText(text)).toBe(text)
  })

  test('keeps digests, ids and roots of every value', () => {
    const hexadecimal = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 7, maxLength: 64 })
    const root = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('base64'))
    const name = fc.stringMatching(/^(task|risk|disk|P0|session)[-._:][a-z0-9-]{1,40}$/)
    fc.assert(
      fc.property(fc.oneof(fc.uuid(), hexadecimal, root, name), (word) => {
        expect(redactor.redactText(`built ${word} of it`)).toBe(`built ${word} of it`)
        expect(redactor.redact({ type: 'claim_task', task: word })).toEqual({ type: 'claim_task', task: word })
      }),
    )
  })

  test('leaves the same digits wherever one secret stands, and others under another key', () => {
    const secret = `ghp_${'a1B2'.repeat(9)}`
    const digits = (text: string) => /\[redacted:[\w-]+:([0-9a-f]{16})\]/.exec(text)?.[1]
    const texts = [
      secret,
      `Authorization: Bearer ${secret}`,
      `https://me:${secret}@host/`,
      `GITHUB_TOKEN=${secret} make`,
    ]
    const all = texts.map((text) => digits(redactor.redactText(text)))
    all.push(digits(redactor.redact({ metadata: { token: secret } }).metadata.token))
    all.push(digits(redactor.redact({ metadata: { authorization: `Bearer ${secret}` } }).metadata.authorization))
    expect(new Set(all).size).toBe(1)
    expect(all[0]).toMatch(/^[0-9a-f]{16}$/)
    const other = new Redactor({ key: Buffer.alloc(32, 8) })
    expect(digits(other.redactText(secret))).not.toBe(all[0])
  })
})

describe('declared credentials', () => {
  const credential = 'a-word.of(its)own+$&'
  const knowing = new Redactor({ key: KEY })
  knowing.declare(credential)

  test('are found anywhere in a text', () => {
    expect(knowing.redactText(`x${credential}y ${credential}`)).toBe(
      `x${mark('credential', credential)}y ${mark('credential', credential)}`,
    )
    expect(knowing.redact({ list: ['as it is', credential] })).toEqual({
      list: ['as it is', mark('credential', credential)],
    })
    expect(redactor.redactText(credential)).toBe(credential)
  })

  test('are taken whole when one holds another', () => {
    const both = new Redactor({ key: KEY })
    both.declare('correct horse')
    both.declare('correct horse battery')
    expect(both.redactText('correct horse battery, correct horse')).toBe(
      `${mark('credential', 'correct horse battery')}, ${mark('credential', 'correct horse')}`,
    )
  })

  test('may look like a part of a mark', () => {
    const odd = new Redactor({ key: KEY })
    odd.declare('redacted')
    const once = odd.redactText('it was redacted')
    expect(once).toBe(`it was ${mark('credential', 'redacted')}`)
    expect(odd.redactText(once)).toBe(once)
  })

  test('are ordinary text again when they are taken back as often as they were declared', () => {
    const passing = new Redactor({ key: KEY })
    const withdrawals = [passing.declare(credential), passing.declare(credential)]
    withdrawals[0]?.()
    withdrawals[0]?.()
    expect(passing.redactText(credential), 'one of the two counts still').toBe(mark('credential', credential))
    withdrawals[1]?.()
    expect(passing.redactText(credential)).toBe(credential)
  })

  test('are refused when ordinary text could hold them', () => {
    expect(() => knowing.declare('seven77')).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    expect(() => knowing.declare('')).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })
})

describe('secret fields', () => {
  test.each([
    ['password', 'password'],
    ['PassWord', 'password'],
    ['Authorization', 'authorization'],
    ['proxy-authorization', 'authorization'],
    ['Cookie', 'cookie'],
    ['Set-Cookie', 'cookie'],
    ['X-Api-Key', 'api-key'],
    ['apiKey', 'api-key'],
    ['API_KEY', 'api-key'],
    ['OPENAI_API_KEY', 'api-key'],
    ['token', 'token'],
    ['access_token', 'token'],
    ['refreshToken', 'token'],
    ['githubToken', 'token'],
    ['secret', 'secret'],
    ['clientSecret', 'secret'],
    ['passwd', 'passwd'],
    ['passphrase', 'passphrase'],
    ['private key', 'private-key'],
    ['credential', 'credential'],
    ['credentials', 'credentials'],
    ['AWS.Secret.Access.Key', 'access-key'],
  ])('%s', (name, kind) => {
    const metadata = { [name]: 'hunter2', host: 'laptop' }
    const redacted = redactor.redact({ type: 'register_swarm', swarm: 's', metadata })
    expect(redacted.metadata).toEqual({ [name]: mark(kind, 'hunter2'), host: 'laptop' })
  })

  test.each(['tokens', 'maxTokens', 'tokenCount', 'passwordHint', 'secretary', 'keyTests', 'key', 'cookies-eaten'])(
    '%s is none',
    (name) => {
      const metadata = { [name]: 'hunter2' }
      expect(redactor.redact(metadata)).toBe(metadata)
    },
  )

  test('can be declared', () => {
    const own = new Redactor({ key: KEY, secretFields: ['door code', 'PIN'] })
    expect(own.redact({ 'Door-Code': '1', doorCode: '2', userPin: '3', pinned: '4' })).toEqual({
      'Door-Code': mark('door-code', '1'),
      doorCode: mark('door-code', '2'),
      userPin: mark('pin', '3'),
      pinned: '4',
    })
  })

  test('keep the scheme, empty texts and everything that is not text', () => {
    const fields = { authorization: 'Basic dXNlcjpwdw==', password: '', token: 42, secret: null, cookie: true }
    expect(redactor.redact(fields)).toEqual({
      ...fields,
      authorization: `Basic ${mark('authorization', 'dXNlcjpwdw==')}`,
    })
  })

  test('hold secrets at every depth of their value', () => {
    const nested = { credentials: { user: 'me', more: ['a', { deep: 'b', count: 3 }] }, kept: ['c'] }
    const seal = (text: string) => mark('credentials', text)
    expect(redactor.redact(nested)).toEqual({
      credentials: { user: seal('me'), more: [seal('a'), { deep: seal('b'), count: 3 }] },
      kept: ['c'],
    })
  })

  test('are told apart beyond the names that are remembered', () => {
    const fresh = new Redactor({ key: KEY })
    for (let at = 0; at < LIMITS.redactionFieldNames + 10; at += 1) fresh.redact({ [`field${at}`]: 'x' })
    expect(fresh.redact({ zzToken: 'abc', zzWord: 'abc' })).toEqual({ zzToken: mark('token', 'abc'), zzWord: 'abc' })
  })
})

describe('a command', () => {
  const secret = `npm_${'a1B2'.repeat(9)}`

  test('without a secret is the same object', () => {
    const command = {
      type: 'create_task',
      task: { id: 'A1', title: 'Plan', acceptance: ['It works.'], milestones: [{ percent: 50, text: 'half' }] },
    }
    expect(redactor.redact(command)).toBe(command)
  })

  test('with a secret is new only on the way to it', () => {
    const command = { type: 'x', clean: { list: ['a'] }, dirty: { keep: ['b'], notes: ['c', `see ${secret}`] } }
    const before = structuredClone(command)
    const redacted = redactor.redact(command)
    expect(redacted).toEqual({ ...before, dirty: { keep: ['b'], notes: ['c', `see ${mark('npm-token', secret)}`] } })
    expect(redacted.clean).toBe(command.clean)
    expect(redacted.dirty.keep).toBe(command.dirty.keep)
    expect(Object.keys(redacted)).toEqual(Object.keys(command))
    expect(command).toEqual(before)
  })

  test.each(['task', 'swarm', 'to', 'id'])(
    'whose %s looks like a secret is refused, and the secret is not repeated',
    (field) => {
      const refusal = () => redactor.redact({ type: 'claim_task', [field]: secret })
      expect(refusal).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', details: { field } }))
      expect(refusal).not.toThrow(secret)
    },
  )

  test('whose lists of ids hold a secret is refused, metadata of the same name is not', () => {
    const task = { id: 'A1', dependencies: ['A0', secret] }
    expect(() => redactor.redact({ type: 'create_task', task })).toThrow('dependencies looks like a secret')
    const redacted = redactor.redact({ type: 'register_swarm', metadata: { task: secret } })
    expect(redacted.metadata.task).toBe(mark('npm-token', secret))
  })

  test('may have keys that mean something to JavaScript', () => {
    const command = JSON.parse('{"__proto__":{"password":"a"},"constructor":{"token":"b"},"x":1}')
    const redacted = redactor.redact(command)
    expect(JSON.stringify(redacted)).toBe(
      `{"__proto__":{"password":"${mark('password', 'a')}"},"constructor":{"token":"${mark('token', 'b')}"},"x":1}`,
    )
    expect(Object.getPrototypeOf(redacted)).toBe(Object.prototype)
  })

  test('is refused when it is nested too deeply, wherever', () => {
    const nest = (levels: number) => {
      let value: unknown = 'x'
      for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : { value }
      return value
    }
    expect(redactor.redact(nest(LIMITS.redactionDepth))).toEqual(nest(LIMITS.redactionDepth))
    const refused = expect.objectContaining({ code: 'INVALID_ARGUMENT' })
    expect(() => redactor.redact(nest(LIMITS.redactionDepth + 1))).toThrow(refused)
    expect(() => redactor.redact({ password: nest(LIMITS.redactionDepth) })).toThrow(refused)
    expect(() => redactor.redact(nest(100_000))).toThrow(refused)
  })
})

describe('redacting twice', () => {
  const pieces = [
    ...CREDENTIALS.map(([, secret]) => secret),
    ...CREDENTIALS_IN_TEXT.flatMap(([, before, secret, after]) => [before, secret, before + secret + after]),
    ...ORDINARY_TEXTS,
    ...PLACEHOLDERS,
    mark('private-key', 'x'),
    '[redacted:',
    'Authorization: ',
    'token',
    ...' \n\t"\'=:;@/\\-.,'.split(''),
  ]
  const texts = fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 6 })), { maxLength: 8 })
  const knowing = new Redactor({ key: KEY, secretFields: ['door code'] })
  for (const credential of ['redacted', 'Bearer abc', 'private-key:', 'token-of-the-tests']) knowing.declare(credential)

  test.each([
    ['with what is known', redactor],
    ['with declared credentials', knowing],
  ])('changes nothing more in texts, %s', (_, once) => {
    const property = fc.property(texts, (parts) => {
      const redacted = once.redactText(parts.join(''))
      expect(once.redactText(redacted)).toBe(redacted)
    })
    fc.assert(property, { numRuns: 2_000 })
  })

  test('changes nothing more in commands', () => {
    const names = fc.constantFrom('authorization', 'cookie', 'apiKey', 'door_code', 'note', 'metadata', 'tokens')
    const command = fc.dictionary(
      names,
      fc.oneof(
        texts.map((parts) => parts.join('')),
        fc.array(fc.string()),
        fc.nat(),
      ),
    )
    fc.assert(
      fc.property(command, (value) => {
        const redacted = knowing.redact(value)
        expect(knowing.redact(redacted)).toBe(redacted)
      }),
    )
  })
})
