import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EgressRefusal } from '../../../src/chassis/egress/refusal.js'
import { authorityOf, isAddress, readLocation, readTarget } from '../../../src/chassis/egress/target.js'
import { LIMITS } from '../../../src/model/limits.js'
import { privateHost } from '../support/addresses.js'

describe('a URL', () => {
  test.each([
    ['https://api.example.com', 'https', 'api.example.com', 443, '/', ''],
    ['http://api.example.com/a', 'http', 'api.example.com', 80, '/a', ''],
    [
      'HTTPS://API.Example.com:8443/a/b?c=%2e%2e/&d=/../',
      'https',
      'api.example.com',
      8443,
      '/a/b',
      '?c=%2e%2e/&d=/../',
    ],
    ['https://bücher.example/ä?ü', 'https', 'xn--bcher-kva.example', 443, '/%C3%A4', '?%C3%BC'],
    ['https://api.example.com/v1/../v2/./x', 'https', 'api.example.com', 443, '/v2/x', ''],
    ['https://%61pi.example.com:443/a%20b', 'https', 'api.example.com', 443, '/a%20b', ''],
    ['https://api.example.com?q', 'https', 'api.example.com', 443, '/', '?q'],
  ])('%s is read as what it means', (text, scheme, host, port, path, query) => {
    expect(readTarget(text)).toEqual({ scheme, host, port, path, query })
  })

  test.each([
    ['another scheme', 'ftp://api.example.com/'],
    ['a file', 'file:///etc/passwd'],
    ['data', 'data:text/plain,hello'],
    ['no scheme', '//api.example.com/'],
    ['no slashes', 'https:api.example.com/'],
    ['three slashes', 'https:///api.example.com/'],
    ['no host', 'https://'],
    ['backslashes', 'https:\\\\api.example.com\\a'],
    ['a backslash before a user', 'https://api.example.com\\@evil.example/'],
    ['a user', 'https://alice@api.example.com/'],
    ['a user and a password', 'https://a:b@api.example.com/'],
    ['an empty user', 'https://@api.example.com/'],
    ['an escaped user', 'https://a%40b@api.example.com/'],
    ['a fragment', 'https://api.example.com/#@evil.example/'],
    ['a space', 'https://api.example.com/a b'],
    ['a space before', ' https://api.example.com/'],
    ['a tab in its scheme', 'ht\ttps://api.example.com/'],
    ['a line', 'https://api.example.com/\r\nHost: evil.example'],
    ['a zero', 'https://api.example.com/\0'],
    ['a hidden character', 'https://api.exam\u200bple.com/'],
    ['a dot at the end of its host', 'https://api.example.com./'],
    ['an escaped dot at the end of its host', 'https://api.example.com%2e/'],
    ['an escaped slash in its host', 'https://api.example.com%2fevil/'],
    ['a port that is none', 'https://api.example.com:99999/'],
    ['an address of five parts', 'https://1.2.3.4.5/'],
    ['escaped dots', 'https://api.example.com/v1/%2e%2e/admin'],
    ['dots half escaped', 'https://api.example.com/v1/.%2E/admin'],
    ['an escaped slash', 'https://api.example.com/v1%2fadmin'],
    ['an escaped backslash', 'https://api.example.com/v1/..%5cadmin'],
    ['dots escaped twice', 'https://api.example.com/v1/%252e%252e/admin'],
    ['a slash escaped thrice', 'https://api.example.com/v1/..%25252fadmin'],
    ['dots whose digits are escaped', 'https://api.example.com/v1/%25%32%65%25%32%65/admin'],
    ['dots half of whose digits are escaped', 'https://api.example.com/v1/%25%32e%25%32e/admin'],
    ['a slash whose digits are escaped', 'https://api.example.com/v1/..%25%32%66admin'],
    ['dots with an escaped parameter', 'https://api.example.com/v1/..%3b/admin'],
    ['dots with a parameter escaped twice', 'https://api.example.com/v1/..%253b/admin'],
    ['a line escaped twice', 'https://api.example.com/v1/%250d%250a'],
    ['dots in overlong UTF-8 escaped twice', 'https://api.example.com/v1/%25c0%25ae%25c0%25ae/admin'],
    ['escapes without end', `https://api.example.com/v1/%${'25'.repeat(100)}41`],
    ['dots with a parameter', 'https://api.example.com/v1/..;/admin'],
    ['dots in overlong UTF-8', 'https://api.example.com/v1/%c0%ae%c0%ae/admin'],
    ['an escaped line', 'https://api.example.com/v1/%0d%0aHost:%20evil'],
    ['an escaped zero', 'https://api.example.com/v1/a%00.txt'],
    ['an incomplete escape', 'https://api.example.com/v1/%'],
    ['too many characters', `https://api.example.com/${'a'.repeat(LIMITS.egressUrlChars)}`],
    ['a host too long', `https://${'a.'.repeat(127)}com/`],
  ])('with %s is refused', (_, text) => {
    expect(() => readTarget(text)).toThrow(EgressRefusal)
    expect(() => readTarget(text)).toThrow(expect.objectContaining({ code: 'INVALID_REQUEST' }))
  })

  test.each([
    'https://127.0.0.1/',
    'https://127.1/',
    'https://2130706433/',
    'https://0x7f000001/',
    'https://0177.0.0.1/',
    'https://127.0.0.1./',
    'https://１２７.０.０.１/',
    'https://①②⑦.0.0.1/',
    'https://127。0。0。1/',
    'https://0/',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://8.8.8.8/',
  ])('%s has an address for its host', (text) => {
    expect(isAddress(readTarget(text).host)).toBe(true)
  })

  test('has no host that leads inside, however that is spelled', () => {
    fc.assert(
      fc.property(privateHost, fc.constantFrom('http', 'https'), (host, scheme) => {
        try {
          expect(isAddress(readTarget(`${scheme}://${host}/`).host)).toBe(true)
        } catch (error) {
          expect(error).toMatchObject({ code: 'INVALID_REQUEST' })
        }
      }),
    )
  })

  test('is never read as one that the parser of URLs would not reach', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.constantFrom('', '/', '@', '\\', '#', '?', ':'),
        (text, between) => {
          try {
            const target = readTarget(`https://api.example.com${between}${text}`)
            expect(new URL(`https://${authorityOf(target)}${target.path}`).hostname).toBe(target.host)
            expect(target.path).toMatch(/^\//)
            expect(target.path).not.toMatch(/\/\.{1,2}(\/|$)|\\|%2e|%2f|%5c/i)
          } catch (error) {
            expect(error).toMatchObject({ code: 'INVALID_REQUEST' })
          }
        },
      ),
    )
  })
})

describe('the place that a redirect leads to', () => {
  const from = readTarget('https://api.example.com:8443/v1/items?page=1')

  test.each([
    ['/v2', 'https://api.example.com:8443/v2'],
    ['next', 'https://api.example.com:8443/v1/next'],
    ['../x?y#z', 'https://api.example.com:8443/x?y'],
    ['?page=2', 'https://api.example.com:8443/v1/items?page=2'],
    ['//other.example.com/x', 'https://other.example.com/x'],
    ['http://other.example.com', 'http://other.example.com/'],
  ])('%s is %s', (location, text) => {
    expect(readLocation(location, from)).toEqual(readTarget(text))
  })

  test.each([
    '',
    '/a b',
    '/\\evil.example/',
    '\\\\evil.example\\',
    '//a@evil.example/',
    'https://a:b@evil.example/',
    'file:///etc/passwd',
    'javascript:alert(1)',
    '/v1/%2e%2e/admin',
    '..%2fadmin',
    'https://',
  ])('%s is refused', (location) => {
    expect(() => readLocation(location, from)).toThrow(EgressRefusal)
  })
})
