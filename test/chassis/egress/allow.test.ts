import { describe, expect, test } from 'vitest'
import type { Method } from '../../../src/chassis/contract/contract.js'
import type { CredentialEndpoint } from '../../../src/chassis/credential/credential.js'
import { findRight } from '../../../src/chassis/egress/allow.js'
import { readTarget } from '../../../src/chassis/egress/target.js'
import { API, endpoint } from '../support/upstream.js'

function allows(url: string, method: Method, contract: CredentialEndpoint, credential = contract): boolean {
  const rights = () => [{ credential: 'c', endpoint: credential }]
  try {
    return findRight({ hosts: [contract], rights, onUse: () => {} }, readTarget(url), method).endpoint === credential
  } catch (error) {
    expect(error).toMatchObject({ code: 'NOT_ALLOWED' })
    return false
  }
}

describe('a path', () => {
  test.each([
    ['/', '/', true],
    ['/', '/anything/below', true],
    ['/v1', '/v1', true],
    ['/v1', '/v1/', true],
    ['/v1', '/v1/items', true],
    ['/v1', '/v10', false],
    ['/v1', '/v1-private', false],
    ['/v1', '/v', false],
    ['/v1/', '/v1/items', true],
    ['/v1/', '/v1/', true],
    ['/v1/', '/v1', false],
    ['/v1/', '/v10/', false],
    ['/v1/', '/V1/items', false],
    ['/v1/', '/v1/../admin', false],
    ['/v1/', '/v1/../v1/items', true],
    ['/v1/', '//v1/items', false],
    ['/v1/', '/%76%31/items', false],
    ['/v1/', '/?/v1/', false],
  ])('below %s: %s is %s', (path, asked, expected) => {
    expect(allows(`https://${API}${asked}`, 'GET', endpoint({ paths: ['/other', path] }))).toBe(expected)
  })
})

describe('a request', () => {
  const both = endpoint({ methods: ['GET'], paths: ['/v1/'] })
  const url = `https://${API}/v1/items`

  test('goes where contract and credential say so', () => {
    expect(allows(url, 'GET', both)).toBe(true)
  })

  test.each([
    ['another host', { host: 'other.swarms.test' }],
    ['a host above', { host: 'swarms.test' }],
    ['a host below', { host: `x.${API}` }],
    ['another port', { port: 8443 }],
    ['another scheme', { scheme: 'http' as const }],
    ['another method', { methods: ['POST' as const] }],
    ['no method', { methods: [] }],
    ['another path', { paths: ['/v2/'] }],
    ['no path', { paths: [] }],
  ])('does not go where one of them says %s', (_, changes) => {
    expect(allows(url, 'GET', both, { ...both, ...changes })).toBe(false)
    expect(allows(url, 'GET', { ...both, ...changes }, both)).toBe(false)
  })

  test('goes nowhere without a credential, and nowhere without a host in the contract', () => {
    const target = readTarget(url)
    const right = { credential: 'c', endpoint: both }
    const find = (context: object) => () =>
      findRight({ hosts: [], rights: () => [], onUse: () => {}, ...context }, target, 'GET')
    expect(find({ hosts: [both] })).toThrow(/No live credential/)
    expect(find({ rights: () => [right] })).toThrow(/The contract does not allow/)
    expect(find({ hosts: [both], rights: () => [right] })()).toBe(right)
  })

  test('needs method and path in the same endpoint', () => {
    const write = endpoint({ methods: ['POST'], paths: ['/v2/'] })
    const rights = () => [both, write].map((one) => ({ credential: 'c', endpoint: one }))
    const context = { hosts: [endpoint()], rights, onUse: () => {} }
    expect(() => findRight(context, readTarget(url), 'POST')).toThrow(/No live credential/)
  })
})
