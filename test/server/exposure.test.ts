import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkHost } from '../../src/server/guard.js'
import { parseListen, servedNames } from '../../src/server/listen.js'
import { type ServedFabric, serveFabric, TOKEN } from '../support/served-fabric.js'

const pem = (name: string) => readFileSync(new URL(`../support/tls/${name}.pem`, import.meta.url), 'utf8')
const tls = { certificate: pem('certificate'), key: pem('key') }
const PROXY = 'https://fabric.example.com'

describe('an address beyond loopback', () => {
  test('is listened on with TLS, or behind a named proxy', () => {
    expect(parseListen('0.0.0.0:7420', { tls })).toEqual({ host: '0.0.0.0', port: 7420 })
    expect(parseListen('10.0.0.7:80', { behindProxy: PROXY })).toEqual({ host: '10.0.0.7', port: 80 })
  })

  test('is reached by the names of the certificate', () => {
    const served = servedNames({ host: '0.0.0.0', port: 1 }, { tls })
    expect(served).toMatchObject({ scheme: 'https', localName: 'localhost' })
    for (const host of ['fabric.test:7420', 'a.swarms.test', 'LOCALHOST:1', '127.0.0.1']) {
      expect(() => checkHost({ host }, served), host).not.toThrow()
    }
    for (const host of ['swarms.test', 'a.b.swarms.test', 'evil.test', 'fabric.test.evil.test', '10.0.0.7']) {
      expect(() => checkHost({ host }, served), host).toThrow('Host header')
    }
    expect(() => checkHost({ host: 'fabric.test', origin: 'https://fabric.test' }, served)).not.toThrow()
    expect(() => checkHost({ host: 'fabric.test', origin: 'http://fabric.test' }, served)).toThrow('origin')
  })

  test('is reached by the name of the proxy, whose pages may ask', () => {
    const served = servedNames({ host: '::', port: 1 }, { behindProxy: PROXY })
    expect(served).toMatchObject({ scheme: 'http', localName: '[::1]', publicOrigin: PROXY })
    expect(() => checkHost({ host: 'fabric.example.com', origin: PROXY }, served)).not.toThrow()
    expect(() => checkHost({ host: 'fabric.example.com', origin: 'https://evil.example.com' }, served)).toThrow(
      'origin',
    )
  })

  test.each(['fabric.example.com', 'http://fabric.example.com', 'https://u@x.example', `${PROXY}/path`])(
    'is not behind %s',
    (behindProxy) => {
      expect(() => servedNames({ host: '0.0.0.0', port: 1 }, { behindProxy })).toThrow('not the origin of a proxy')
    },
  )

  test('asks for a certificate that is one', () => {
    const broken = { tls: { ...tls, certificate: 'x' } }
    expect(() => servedNames({ host: '0.0.0.0', port: 1 }, broken)).toThrow('not PEM')
    const mixed = { tls: { ...tls, key: tls.certificate } }
    expect(() => servedNames({ host: '0.0.0.0', port: 1 }, mixed)).toThrow('not the private key')
  })
})

describe('a server with TLS', () => {
  let served: ServedFabric

  beforeAll(async () => {
    served = await serveFabric({ listen: '0.0.0.0:0', tls })
  })
  afterAll(() => served[Symbol.asyncDispose]())

  function ask(path: string, host: string): Promise<{ status: number | undefined; body: string }> {
    const options = {
      ca: tls.certificate,
      servername: 'localhost',
      headers: { authorization: `Bearer ${TOKEN}`, host },
    }
    return new Promise((resolve, reject) => {
      const outgoing = request(new URL(path, served.server.url), options, (incoming) => {
        incoming.setEncoding('utf8')
        let body = ''
        incoming.on('data', (chunk: string) => {
          body += chunk
        })
        incoming.once('end', () => resolve({ status: incoming.statusCode, body }))
      })
      outgoing.once('error', reject)
      outgoing.end()
    })
  }

  test('says its address by a name of the certificate, and answers under it', async () => {
    expect(served.server.url).toMatch(/^https:\/\/localhost:\d+$/)
    const { host } = new URL(served.server.url)
    expect(await ask('/v1/status', host)).toMatchObject({ status: 200, body: expect.stringContaining('"running"') })
    expect((await ask('/v1/status', 'evil.test')).status).toBe(403)
  })

  test('answers nobody who speaks plain HTTP', async () => {
    await expect(fetch(served.server.url.replace('https:', 'http:'))).rejects.toThrow('fetch failed')
  })
})
