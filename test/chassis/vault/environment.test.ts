import { expect, test } from 'vitest'
import { EnvironmentVault } from '../../../src/chassis/vault/environment.js'

const vault = (env: Record<string, string>) =>
  new EnvironmentVault({ kind: 'environment', prefix: 'IFAB_SECRET_' }, env)

test('a secret is a variable of its name, in capitals, with underscores', async () => {
  const env = { IFAB_SECRET_GITHUB_TOKEN: 'sesame-open', IFAB_SECRET_A: '12345678', GITHUB_TOKEN: 'another one' }
  await expect(vault(env).secret('github-token')).resolves.toBe('sesame-open')
  await expect(vault(env).secret('github_token')).resolves.toBe('sesame-open')
  await expect(vault(env).secret('a')).resolves.toBe('12345678')
})

test('what is read is what is there now', async () => {
  const env: Record<string, string> = { IFAB_SECRET_A: 'sesame-open' }
  const opened = vault(env)
  await opened.secret('a')
  env.IFAB_SECRET_A = 'sesame-shut'
  await expect(opened.secret('a')).resolves.toBe('sesame-shut')
})

test.each([
  ['none', {}],
  ['an empty one', { IFAB_SECRET_A: '' }],
])('where the variable is %s, the refusal names it', async (_, env) => {
  await expect(vault(env).secret('a')).rejects.toMatchObject({
    code: 'NOT_FOUND',
    details: { reason: 'missing' },
    message: expect.stringContaining('IFAB_SECRET_A'),
  })
})

test.each(['', 'A', '../a', 'a b', '-a', 'a-', '__proto__', `a${'b'.repeat(64)}`])(
  'the name %j is none',
  async (name) => {
    await expect(vault({}).secret(name)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      details: { reason: 'name' },
    })
  },
)

test.each([
  ['short', 'hunter2'],
  ['long', 'x'.repeat(4_097)],
  ['with a line break', 'sesame\r\nx-admin: 1'],
  ['with a space at its end', 'sesame-open '],
  ['with what is no ASCII', 'sésame-öpen'],
])('a value that is %s is refused, and not repeated', async (_, value) => {
  const refusal = await vault({ IFAB_SECRET_A: value })
    .secret('a')
    .catch((error) => error)
  expect(refusal).toMatchObject({ code: 'INVALID_ARGUMENT', details: { reason: 'value' } })
  expect(`${refusal.stack} ${JSON.stringify(refusal.details)}`).not.toContain(value)
})
