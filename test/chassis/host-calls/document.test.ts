import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { LOG_LINE_BYTES } from '../../../src/chassis/child/frames.js'
import { METHODS } from '../../../src/chassis/contract/contract.js'
import { addressKind } from '../../../src/chassis/egress/address.js'
import { EGRESS_CODES } from '../../../src/chassis/egress/refusal.js'
import { LIMITS } from '../../../src/model/limits.js'

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')
const page = read('docs/reference/host-calls.md')
const number = (value: number) => value.toLocaleString('en-US')

/** First cells of the table under a heading of these columns. */
function firstCells(heading: string): string[] {
  const rows = page.split(`${heading}\n`)[1]?.split('\n\n')[0]?.split('\n').slice(1) ?? []
  return rows.map((row) => row.split(' | ')[0]?.replace(/^\| /, '') ?? '')
}

/** Names in quotes, one a line, of a list in the source. */
function listed(path: string, list: string): string[] {
  const [, body = ''] = new RegExp(`const ${list}[^\\[]*\\[\\n(.*?)\\n\\]`, 's').exec(read(path)) ?? []
  return [...body.matchAll(/^ {2}'([^']+)',$/gm)].map(([, name = '']) => name)
}

describe('the reference of host calls', () => {
  test('has the codes of answers, and no other', () => {
    expect(firstCells('| code | what happened |').map((cell) => cell.replaceAll('`', ''))).toEqual([...EGRESS_CODES])
  })

  test('has the headers that are taken out, and no other', () => {
    const cells = firstCells('| taken out | why |')
      .join(', ')
      .matchAll(/`([^`]+)`/g)
    const documented = [...cells].map(([, name = '']) => name.toLowerCase())
    const stripped = listed('src/chassis/egress/request-headers.ts', 'STRIPPED')
    expect(stripped.length).toBeGreaterThan(20)
    const families = ['proxy', 'forwarded', 'x-forwarded'].flatMap((name) => [name, `${name}-*`])
    expect(documented.sort()).toEqual([...stripped, ...families].sort())
  })

  test('has the headers that a module does not get', () => {
    const [, text = ''] = /A module does not get\n(.*?)\.\n\n/s.exec(page) ?? []
    const documented = [...text.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name.toLowerCase())
    const withheld = listed('src/chassis/egress/response-headers.ts', 'WITHHELD')
    expect(documented.sort()).toEqual([...withheld, 'proxy-*'].sort())
  })

  test('has the methods', () => {
    for (const method of METHODS) expect(page).toContain(`\`${method}\``)
  })

  test('has the limits', () => {
    const limits = [
      [
        'JSON of a request',
        `${number(LIMITS.egressRequestBytes)} bytes, with ${number(LIMITS.egressRequestParts)} commas and opening brackets`,
      ],
      ['URL', `${number(LIMITS.egressUrlChars)} characters`],
      ['body of a request', `${number(LIMITS.egressBodyBytes)} bytes`],
      ['headers of a request or a response', `${LIMITS.egressHeaders}, with ${number(LIMITS.egressHeaderBytes)} bytes`],
      ['body of a response', `${number(LIMITS.egressResponseBytes)} bytes`],
      ['a request with its redirects, from beginning to end', `${LIMITS.egressMs / 1_000} seconds`],
      ['connecting to one address', `${LIMITS.egressConnectMs / 1_000} seconds`],
      [
        'addresses of a host that are tried',
        `${LIMITS.egressAddressesPerFamily} of IPv4 and ${LIMITS.egressAddressesPerFamily} of IPv6`,
      ],
      ['redirects that are followed', `${LIMITS.egressRedirects}`],
      ['responses with 1xx before the response', `${LIMITS.egressInterimResponses}`],
    ]
    const [, table = ''] = /\| what \| most \|\n.*?\n(.*)$/s.exec(page) ?? []
    expect(table.trim().split('\n')).toEqual(limits.map(([what, most]) => `| ${what} | ${most} |`))
    const prose = page.replace(/\s+/g, ' ')
    expect(prose).toContain(`${LIMITS.leastSecretChars} to ${number(LIMITS.secretChars)} printable`)
    expect(prose).toContain(`first ${number(LIMITS.guestLogScanBytes)} bytes`)
    expect(prose).toContain(`longer than ${number(LIMITS.guestLogLineChars)} characters`)
    expect(prose).toContain(`with ${LOG_LINE_BYTES} for each line, or are more than ${number(LIMITS.sandboxLogLines)};`)
    expect(page).toContain(`| lines | ${LIMITS.guestLogBurst}, or`)
  })

  test('names no network as closed that is open', () => {
    const [, text = ''] = /Not public are\n(.*?)- those of this machine/s.exec(page) ?? []
    const networks = [...text.matchAll(/`([0-9a-f.:]+)\/\d+`/g)].map(([, address = '']) => address)
    const closed = networks.filter((address) => !['2000::', '::ffff:0:0', '64:ff9b::'].includes(address))
    expect(closed.length).toBeGreaterThan(15)
    expect(closed.filter((address) => addressKind(address) === 'public')).toEqual([])
  })
})
