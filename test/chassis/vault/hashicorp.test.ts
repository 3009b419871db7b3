import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { HashicorpVault } from '../../../src/chassis/vault/hashicorp.js'
import { LIMITS } from '../../../src/model/limits.js'
import type { HashicorpVaultConfig } from '../../../src/model/vault.js'
import { VaultServer } from './vault-server.js'

let server: VaultServer
beforeEach(async () => {
  server = await VaultServer.open()
  server.secrets.set('/secret/example-token', { value: 'sesame-open', user: 'sesame-user' })
})
afterEach(() => server[Symbol.asyncDispose]())

function vault(changes: Partial<HashicorpVaultConfig> = {}, env: Record<string, string> = { TOKEN: server.token }) {
  const config = { kind: 'hashicorp', mount: 'secret', field: 'value', tokenEnv: 'TOKEN' } as const
  return new HashicorpVault({ ...config, address: server.address, timeoutMs: 60_000, cacheMs: 0, ...changes }, env)
}

/** What went wrong; holds that nothing of a secret or the token is in it. */
async function refusal(asked: Promise<string>) {
  const error = await asked.then(
    () => expect.fail('it was given'),
    (error) => error,
  )
  const whole = [error.stack, error.cause?.stack, JSON.stringify(error.details)].join()
  expect(whole).not.toMatch(new RegExp(`sesame|${server.token}`))
  return error
}

describe('a secret of HashiCorp Vault', () => {
  test('is a field of the newest version of a secret in a KV engine', async () => {
    await expect(vault().secret('example-token')).resolves.toBe('sesame-open')
    await expect(vault({ field: 'user' }).secret('example-token')).resolves.toBe('sesame-user')
    expect(server.requests[0]).toMatchObject({
      method: 'GET',
      path: '/v1/secret/data/example-token',
      headers: { 'x-vault-token': server.token, 'x-vault-request': 'true' },
    })
    expect(server.requests[0]?.headers).not.toHaveProperty('x-vault-namespace')
  })

  test('lies below a mount and a path, in a namespace', async () => {
    const place = { mount: 'kv/apps', path: 'infrafabric.1', namespace: 'teams/red' }
    server.secrets.set('teams/red/kv/apps/infrafabric.1/example-token', { value: 'sesame-deep' })
    await expect(vault(place).secret('example-token')).resolves.toBe('sesame-deep')
    expect(server.requests[0]).toMatchObject({
      path: '/v1/kv/apps/data/infrafabric.1/example-token',
      headers: { 'x-vault-namespace': 'teams/red' },
    })
  })

  test('is asked for by its name only', async () => {
    for (const name of ['../sys/seal', 'a/b', 'A', '']) {
      expect(await refusal(vault().secret(name))).toMatchObject({ code: 'INVALID_ARGUMENT' })
    }
    expect(server.requests).toEqual([])
  })

  test.each([
    ['that is not there', 'absent', undefined],
    ['whose newest version is deleted', 'gone', null],
    ['without the field', 'other-field', { password: 'sesame-open' }],
    ['whose field is no text', 'no-text', { value: { deep: 'sesame-open' } }],
    ['whose field belongs to every object', 'no-field', {}],
  ])('%s is NOT_FOUND', async (_, name, fields) => {
    if (fields !== undefined) server.secrets.set(`/secret/${name}`, fields)
    const field = name === 'no-field' ? 'constructor' : 'value'
    expect(await refusal(vault({ field }).secret(name))).toMatchObject({
      code: 'NOT_FOUND',
      details: { reason: 'missing' },
    })
  })

  test('that no header can carry is refused', async () => {
    server.secrets.set('/secret/example-token', { value: 'sesame-open\r\nx-admin: 1' })
    expect(await refusal(vault().secret('example-token'))).toMatchObject({ details: { reason: 'value' } })
  })
})

describe('the token', () => {
  test.each([
    ['is not set', {}],
    ['is empty', { TOKEN: '' }],
  ])('that %s is missed, and nothing is asked', async (_, env) => {
    const error = await refusal(vault({}, env).secret('example-token'))
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', details: { reason: 'missing' } })
    expect(error.message).toContain('The variable TOKEN is not set')
    expect(server.requests).toEqual([])
  })

  test('that would be two headers is refused', async () => {
    const env = { TOKEN: 'sesame\nx-admin: 1' }
    expect(await refusal(vault({}, env).secret('example-token'))).toMatchObject({ details: { reason: 'value' } })
    expect(server.requests).toEqual([])
  })

  test('may be in a private file, and is read each time', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ifab-vault-'))
    try {
      const tokenFile = join(folder, 'vault.token')
      const config = { kind: 'hashicorp', mount: 'secret', field: 'value', timeoutMs: 60_000, cacheMs: 0 } as const
      const opened = new HashicorpVault({ ...config, address: server.address, tokenFile }, {})
      await writeFile(tokenFile, 'hvs.old\n', { mode: 0o600 })
      expect(await refusal(opened.secret('example-token'))).toMatchObject({ code: 'FORBIDDEN' })
      await writeFile(tokenFile, `${server.token}\n`)
      await expect(opened.secret('example-token')).resolves.toBe('sesame-open')
      await chmod(tokenFile, 0o644)
      expect(await refusal(opened.secret('example-token'))).toMatchObject({ details: { reason: 'permissions' } })
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  test('that has no right to it is FORBIDDEN', async () => {
    expect(await refusal(vault({}, { TOKEN: 'hvs.other' }).secret('example-token'))).toMatchObject({
      code: 'FORBIDDEN',
      details: { reason: 'denied' },
    })
  })
})

describe('a vault that does not help', () => {
  test('because it is sealed says so', async () => {
    server.sealed = true
    expect(await refusal(vault().secret('example-token'))).toMatchObject({
      code: 'UNAVAILABLE',
      details: { reason: 'sealed' },
      retryable: true,
    })
  })

  test.each([400, 429, 472, 473, 500, 502, 204])('but answers %i says so, without its words', async (status) => {
    server.answer = (response) => response.writeHead(status).end(status === 204 ? '' : '{"errors":["sesame-inside"]}')
    const error = await refusal(vault().secret('example-token'))
    expect(error).toMatchObject({ code: 'UNAVAILABLE', details: { reason: 'answer' } })
    expect(error.message).toContain(String(status))
  })

  test.each([301, 302, 303, 307, 308])('but answers %i, a redirect, is not followed', async (status) => {
    await using elsewhere = await VaultServer.open()
    server.answer = (response) => response.writeHead(status, { location: `${elsewhere.address}/sesame` }).end()
    expect(await refusal(vault().secret('example-token'))).toMatchObject({
      code: 'UNAVAILABLE',
      details: { reason: 'redirect' },
    })
    expect(elsewhere.requests, 'the token goes nowhere else').toEqual([])
  })

  test.each([
    ['no JSON', '<html>sesame</html>'],
    ['JSON that was cut', '{"data":{"data":{"value":"sesame-op'],
  ])('but gives %s says so', async (_, body) => {
    server.answer = (response) => response.end(body)
    expect(await refusal(vault().secret('example-token'))).toMatchObject({ details: { reason: 'answer' } })
  })

  test.each(['null', '[]', '"sesame-open"', '{"data":null}', '{"data":{"data":[]}}'])(
    'but gives %s has no such secret',
    async (body) => {
      server.answer = (response) => response.end(body)
      expect(await refusal(vault().secret('example-token'))).toMatchObject({ code: 'NOT_FOUND' })
    },
  )

  test('but sends without end is given up when it is too much', async () => {
    let isClosed = false
    server.answer = (response) => {
      const more = () => void response.write('x'.repeat(64 * 1024))
      response.on('drain', more).on('close', () => {
        isClosed = true
      })
      more()
    }
    const error = await refusal(vault().secret('example-token'))
    expect(error).toMatchObject({ code: 'UNAVAILABLE', details: { reason: 'answer' } })
    expect(error.message).toContain(`more than ${LIMITS.vaultAnswerBytes} bytes`)
    await expect.poll(() => isClosed).toBe(true)
  })

  test.each([
    ['nothing', () => undefined],
    ['half an answer', (response: { write(text: string): unknown }) => response.write('{"data":')],
  ])('but says %s in time is given up', async (_, answer) => {
    server.answer = answer
    const error = await refusal(vault({ timeoutMs: 50 }).secret('example-token'))
    expect(error).toMatchObject({ code: 'UNAVAILABLE', details: { reason: 'timeout' } })
    expect(error.message).toContain('in 50 ms')
  })

  test('is not waited for by a caller that is gone', async () => {
    server.answer = () => undefined
    const gone = new AbortController()
    const asked = refusal(vault().secret('example-token', gone.signal))
    await expect.poll(() => server.requests.length).toBe(1)
    gone.abort()
    expect(await asked).toMatchObject({ code: 'UNAVAILABLE', details: { reason: 'timeout' } })
  })

  test('because nobody listens there says so', async () => {
    const opened = vault()
    await server[Symbol.asyncDispose]()
    expect(await refusal(opened.secret('example-token'))).toMatchObject({
      code: 'UNAVAILABLE',
      details: { reason: 'unreachable' },
    })
    server = await VaultServer.open()
  })
})
