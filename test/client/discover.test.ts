import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { connectLocal } from '../../src/client/connect-local.js'
import { discover } from '../../src/client/discover.js'
import { serveFabric, TOKEN } from '../support/served-fabric.js'

const LOCAL = 'http://127.0.0.1:7420'
let data: string

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'ifab-discover-'))
})
afterEach(() => rm(data, { recursive: true }))

async function writeToken(token = 'from-file', mode = 0o600): Promise<void> {
  await writeFile(join(data, 'admin.token'), `${token}\n`)
  await chmod(join(data, 'admin.token'), mode)
}

function writeEndpoint(text: string): Promise<void> {
  return writeFile(join(data, 'endpoint.json'), text, { mode: 0o600 })
}

describe('finding a fabric', () => {
  test('goes by options before the environment before the files', async () => {
    await writeToken()
    await writeEndpoint(JSON.stringify({ url: LOCAL, pid: 1 }))
    const environment = { IFAB_URL: 'http://127.0.0.1:1', IFAB_TOKEN: 'from-environment' }
    expect(await discover({ data }, {})).toEqual({ url: LOCAL, token: 'from-file' })
    expect(await discover({}, { IFAB_DATA: data })).toEqual({ url: LOCAL, token: 'from-file' })
    expect(await discover({ data }, environment)).toEqual({ url: 'http://127.0.0.1:1', token: 'from-environment' })
    const options = { url: 'http://127.0.0.1:2', token: 'from-option', data }
    expect(await discover(options, environment)).toEqual({ url: 'http://127.0.0.1:2', token: 'from-option' })
  })

  test('says that none runs', async () => {
    await expect(discover({ data }, {})).rejects.toMatchObject({ code: 'UNAVAILABLE', details: { data } })
    await expect(discover({ data: join(data, 'nowhere') }, {})).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    for (const text of ['', '{"url":', '{}', 'null', '{"url":"nonsense"}']) {
      await writeEndpoint(text)
      await expect(discover({ data }, {}), text).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    }
  })

  test('says that there is no token', async () => {
    await expect(discover({ url: LOCAL, data }, {})).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    await writeToken('')
    await expect(discover({ url: LOCAL, data }, {})).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  test('believes no address that others could have written, such as one that came with a repository', async () => {
    await writeToken()
    await writeEndpoint(JSON.stringify({ url: LOCAL, pid: 1 }))
    await chmod(join(data, 'endpoint.json'), 0o644)
    for (const environment of [{}, { IFAB_TOKEN: 'from-environment' }]) {
      await expect(discover({ data }, environment)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    }
    expect(await discover({ data }, { IFAB_URL: LOCAL })).toEqual({ url: LOCAL, token: 'from-file' })
  })

  test('takes no token that others can read', async () => {
    await writeToken('x', 0o640)
    await expect(discover({ url: LOCAL, data }, {})).rejects.toThrow('chmod 600')
  })

  test.each(['http://192.168.1.7:7420', 'https://localhost.evil.example'])(
    'gives the token of this machine to nobody at %s',
    async (url) => {
      await writeToken()
      await expect(discover({ url, data }, {})).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    },
  )

  test('leads to a client that works', async () => {
    await using served = await serveFabric()
    await writeToken(TOKEN)
    await writeEndpoint(JSON.stringify({ url: served.server.url, pid: process.pid }))
    const client = await connectLocal({ data })
    expect((await client.fabric.status()).state).toBe('running')
  })

  test('says what is not a URL and what is not a directory', async () => {
    await writeToken()
    await expect(discover({ url: 'nonsense', data }, {})).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    const file = join(data, 'admin.token')
    await expect(discover({ data: file }, {})).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(`${file} is a file, not a directory.`),
    })
  })
})
