import { connect as connectTcp, createServer } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import type { NodeLink, NodeRequest } from '../../../src/fabric/nodes/link.js'
import { SecureLink, splitAddress } from '../../../src/fabric/nodes/secure-link.js'
import type { Member } from '../../../src/journal/membership.js'
import { FabricError } from '../../../src/model/errors.js'

const SECRET = Buffer.from('a secret that the nodes share and nobody else has')
const open: NodeLink[] = []

async function listen(id: string, secret: Uint8Array = SECRET): Promise<{ link: SecureLink; member: Member }> {
  const report = (error: unknown) => {
    throw error
  }
  const link = await SecureLink.listen({ secret, id, host: '127.0.0.1', port: 0, report })
  open.push(link)
  return { link, member: { id, url: '', link: `127.0.0.1:${link.port}`, version: '1', position: 0 } }
}

afterEach(async () => {
  for (const link of open.splice(0)) await link.close()
})

const REQUEST: NodeRequest = { type: 'read_blob', sha256: 'abc' }

describe('the link between nodes', () => {
  test('carries requests and answers of any size, also many at once', async () => {
    const [a, b] = [await listen('a'), await listen('b')]
    b.link.serve(async (request) => ({ result: request, position: 7 }))
    const large = { type: 'read_blob', sha256: 'x'.repeat(4 * 1024 * 1024) } as const
    expect(await a.link.ask(b.member, large, 5_000)).toEqual({ result: large, position: 7 })
    const many = await Promise.all(Array.from({ length: 200 }, () => a.link.ask(b.member, REQUEST, 5_000)))
    expect(many).toHaveLength(200)
  })

  test('carries coded errors with what they say', async () => {
    const [a, b] = [await listen('a'), await listen('b')]
    b.link.serve(async () => {
      throw new FabricError('ALREADY_CLAIMED', 'It is taken.', { holder: 's1' })
    })
    await expect(a.link.ask(b.member, REQUEST, 5_000)).rejects.toMatchObject({
      ...{ code: 'ALREADY_CLAIMED', message: 'It is taken.', details: { holder: 's1' } },
    })
  })

  test('admits nobody who has another secret, or none', async () => {
    const [a, b] = [await listen('a', Buffer.from('a secret that somebody else made up by himself')), await listen('b')]
    const asked: unknown[] = []
    b.link.serve(async (request) => {
      asked.push(request)
      return { result: 'secret', position: 0 }
    })
    await expect(a.link.ask(b.member, REQUEST, 5_000)).rejects.toMatchObject({ details: { reason: 'unreachable' } })
    const withoutKey = new Promise((resolve) => {
      const socket = connectTls({ port: b.link.port, host: '127.0.0.1', rejectUnauthorized: false })
      socket.once('error', (error) => resolve(error.message))
      socket.once('secureConnect', () => resolve('let in'))
    })
    expect(await withoutKey).not.toBe('let in')
    const plain = new Promise<string>((resolve) => {
      const socket = connectTcp(b.link.port, '127.0.0.1', () => socket.write('POST / HTTP/1.1\r\nhost: b\r\n\r\n'))
      let text = ''
      socket.on('data', (data) => {
        text += data.toString('latin1')
      })
      socket.on('error', () => undefined)
      socket.once('close', () => resolve(text))
    })
    expect(await plain).not.toContain('secret')
    expect(asked).toEqual([])
  })

  test('tells what surely did not arrive from what may have been done', async () => {
    const [a, b] = [await listen('a'), await listen('b')]
    await b.link.close()
    await expect(a.link.ask(b.member, REQUEST, 5_000)).rejects.toMatchObject({ details: { reason: 'unreachable' } })
    const c = await listen('c')
    c.link.serve(() => new Promise(() => {}))
    await expect(a.link.ask(c.member, REQUEST, 300)).rejects.toMatchObject({ details: { reason: 'no_answer' } })
    // One that accepts and says nothing does not get as far as the request.
    const mute = createServer(() => undefined).listen(0, '127.0.0.1')
    await new Promise((resolve) => mute.once('listening', resolve))
    const { port } = mute.address() as { port: number }
    await expect(a.link.ask({ ...b.member, link: `127.0.0.1:${port}` }, REQUEST, 300)).rejects.toMatchObject({
      details: { reason: 'unreachable' },
    })
    mute.close()
  })

  test('refuses to do anything before it is served, so that it can be asked elsewhere', async () => {
    const [a, b] = [await listen('a'), await listen('b')]
    await expect(a.link.ask(b.member, REQUEST, 5_000)).rejects.toMatchObject({ details: { reason: 'not_leading' } })
  })

  test('reads addresses with a port', () => {
    expect(splitAddress('[::1]:80')).toEqual({ host: '::1', port: 80 })
    expect(splitAddress('a.example:7421')).toEqual({ host: 'a.example', port: 7421 })
    for (const wrong of ['a', 'a:', ':1', 'a:99999']) expect(() => splitAddress(wrong)).toThrow(/HOST:PORT/)
  })
})
