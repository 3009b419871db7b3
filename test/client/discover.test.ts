import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { connectLocal } from '../../src/client/connect-local.js'
import { discover } from '../../src/client/discover.js'
import { OwnerLock } from '../../src/journal/file/lock.js'
import { serveFabric, TOKEN } from '../support/served-fabric.js'

const LOCAL = 'http://127.0.0.1:7420'
let data: string
let lock: OwnerLock | undefined

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'ifab-discover-'))
  lock = undefined
})
afterEach(() => rm(data, { recursive: true }))

async function writeToken(token = 'from-file', mode = 0o600): Promise<void> {
  await writeFile(join(data, 'admin.token'), `${token}\n`)
  await chmod(join(data, 'admin.token'), mode)
}

/** As a running fabric does, which holds the lock and says there where it listens. */
async function writeEndpoint(text: string, note = LOCAL): Promise<void> {
  lock ??= await OwnerLock.acquire(data, note)
  await lock.annotate(note)
  await writeFile(join(data, 'endpoint.json'), text)
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

  test('believes no address but that of the process that owns the directory', async () => {
    await writeToken()
    const environment = { IFAB_TOKEN: 'from-environment' }
    await writeFile(join(data, 'endpoint.json'), JSON.stringify({ url: LOCAL, pid: 1 }), { mode: 0o600 })
    await expect(discover({ data }, environment), 'nobody owns it').rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await writeEndpoint(JSON.stringify({ url: 'https://evil.example', pid: 1 }))
    await expect(discover({ data }, environment), 'the owner is elsewhere').rejects.toMatchObject({
      code: 'UNAVAILABLE',
    })
    await writeEndpoint(JSON.stringify({ url: LOCAL, pid: 1 }))
    expect(await discover({ data }, environment)).toEqual({ url: LOCAL, token: 'from-environment' })
    await lock?.release()
    await expect(discover({ data }, environment), 'it has let go').rejects.toMatchObject({ code: 'UNAVAILABLE' })
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
    await writeEndpoint(JSON.stringify({ url: served.server.url, pid: process.pid }), served.server.url)
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
