import { describe, expect, test } from 'vitest'
import { LIMITS } from '../../../src/model/limits.js'
import { formatKey, keyIdOf } from '../../../src/witness/note/key.js'
import { CosignatureSigner, NoteSigner } from '../../../src/witness/note/signer.js'
import { parseTrustPolicy, quorumMet } from '../../../src/witness/note/trust-policy.js'
import { refusal } from './refusal.js'

const log = NoteSigner.generate('example.com/log')
const names = ['X1', 'X2', 'X3', 'Y1', 'Y2', 'Y3']
const keys = new Map(names.map((name) => [name, CosignatureSigner.generate(`witness.example/${name}`)]))
const witnessLines = names.map((name) => `witness ${name} ${keys.get(name)?.vkey}`)

/** A policy with the six witnesses on lines 1 to 6. */
function policy(...lines: string[]): string {
  return `${[...witnessLines, ...lines].join('\n')}\n`
}

function met(text: string, ...cosigned: string[]): boolean {
  return quorumMet(parseTrustPolicy(text), new Set(cosigned))
}

describe('a trust policy', () => {
  test('lists logs and witnesses with their keys and addresses', () => {
    const text = [
      '# a comment, täglich',
      '',
      ` \t log\t${log.vkey}  https://log.example/ \t`,
      `witness X1 ${keys.get('X1')?.vkey} https://x1.example`,
      `witness Y1 ${keys.get('Y1')?.vkey}`,
      'group both all X1 Y1',
      '   # quorum none',
      'quorum both',
    ].join('\n')
    expect(parseTrustPolicy(text)).toMatchObject({
      logs: [{ verifier: { vkey: log.vkey }, url: 'https://log.example/' }],
      witnesses: [
        { name: 'X1', verifier: { name: 'witness.example/X1' }, url: 'https://x1.example' },
        { name: 'Y1', verifier: { name: 'witness.example/Y1' } },
      ],
      groups: [{ name: 'both', threshold: 2, members: ['X1', 'Y1'] }],
      quorum: 'both',
    })
    expect(parseTrustPolicy(Buffer.from(text))).toMatchObject({ quorum: 'both' })
  })

  test('may be a quorum line alone', () => {
    expect(parseTrustPolicy('quorum none\n')).toEqual({ logs: [], witnesses: [], groups: [], quorum: 'none' })
    expect(met('quorum none\n')).toBe(true)
  })

  test('may trust two keys of one log, and one key as log and as witness', () => {
    const rotated = NoteSigner.generate('example.com/log')
    const { publicKey } = log.verifier
    const twin = formatKey('w', keyIdOf('w', 'cosignature', publicKey), 'cosignature', publicKey)
    const text = `log ${log.vkey}\nlog ${rotated.vkey}\nwitness W ${twin}\nquorum W\n`
    expect(parseTrustPolicy(text)).toMatchObject({ logs: [{}, {}], witnesses: [{}] })
  })

  test('has room for many lines', () => {
    const many = Array.from({ length: 40 }, (_, at) => `witness W${at} ${CosignatureSigner.generate(`w${at}`).vkey}`)
    const nested = many.map((_, at) => `group G${at} any W${at}${at > 0 ? ` G${at - 1}` : ''}`)
    expect(met(`${[...many, ...nested, 'quorum G39'].join('\n')}\n`, 'W0')).toBe(true)
  })

  test('tells names apart by their octets, whether they are UTF-8 or not', () => {
    const vkeys = [0, 1, 2].map((at) => CosignatureSigner.generate(`w${at}`).vkey)
    const text = (name: string, quorum: string) =>
      Buffer.concat([
        Buffer.from(`witness K ${vkeys[0]}\nwitness \u212a ${vkeys[1]}\nwitness `),
        Buffer.from(name, 'latin1'),
        Buffer.from(` ${vkeys[2]}\nquorum `),
        Buffer.from(quorum, 'latin1'),
        Buffer.from('\n# \xff\n', 'latin1'),
      ])
    const parsed = parseTrustPolicy(text('\xe9', '\xe9'))
    expect(new Set(parsed.witnesses.map(({ name }) => name)).size).toBe(3)
    expect(quorumMet(parsed, new Set([parsed.quorum]))).toBe(true)
    expect(refusal(() => parseTrustPolicy(text('\xe9', '\xc3\xa9')))).toMatchObject({ line: 4 })
    expect(refusal(() => parseTrustPolicy(text('\xe9', '\xe8')))).toMatchObject({ line: 4 })
    expect(parseTrustPolicy(text('\xc3\xa9', '\xc3\xa9')).quorum).toBe('é')
  })
})

describe('the quorum', () => {
  const groups = ['group X 2 X1 X2 X3', 'group Y any Y1 Y2 Y3', 'group both all X Y', 'quorum both']

  test.each([
    [[], false],
    [['X1', 'X2'], false],
    [['Y1'], false],
    [['X1', 'Y1'], false],
    [['X1', 'X3', 'Y3'], true],
    [names, true],
    [['X', 'Y', 'both'], false],
    [['x1', 'x3', 'y3'], false],
    [['X1', 'X1', 'Y1'], false],
  ])('of two levels of groups with %j: %s', (cosigned, expected) => {
    expect(met(policy(...groups), ...cosigned)).toBe(expected)
  })

  test('of one witness is that witness', () => {
    expect(met(policy('quorum X2'), 'X2')).toBe(true)
    expect(met(policy('quorum X2'), 'X1', 'X3')).toBe(false)
  })

  test.each([
    ['any', 1],
    ['all', 3],
    ['1', 1],
    ['2', 2],
    ['3', 3],
  ])('of a group of three with %s takes %d', (count, threshold) => {
    const text = policy(`group G ${count} X1 X2 X3`, 'quorum G')
    for (let cosigned = 0; cosigned <= 3; cosigned += 1) {
      expect(met(text, ...names.slice(0, cosigned))).toBe(cosigned >= threshold)
    }
  })

  test('none asks for nobody although witnesses are listed', () => {
    expect(met(policy('quorum none'))).toBe(true)
  })
})

describe('a policy is refused with the number of the line', () => {
  const { publicKey } = keys.get('X1')?.verifier ?? log.verifier
  const renamed = formatKey('again', keyIdOf('again', 'cosignature', publicKey), 'cosignature', publicKey)
  const fresh = CosignatureSigner.generate('fresh').vkey
  const renamedLog = formatKey('x', keyIdOf('x', 'ed25519', log.verifier.publicKey), 'ed25519', log.verifier.publicKey)

  test.each([
    ['no quorum', [], 7, 'the quorum line is missing'],
    ['two quorums', ['quorum X1', 'quorum X1'], 8, 'there is a quorum line already'],
    ['a quorum of nobody', ['quorum'], 7, 'write: quorum NAME'],
    ['a quorum of two names', ['quorum X1 X2'], 7, 'write: quorum NAME'],
    ['an unknown quorum', ['quorum Z'], 7, '"Z" is not defined'],
    ['a quorum before its group', ['quorum G', 'group G any X1'], 7, '"G" is not defined'],
    ['the key of a witness twice', [`witness Z ${keys.get('X1')?.vkey}`], 7, 'this public key is there already'],
    ['the key of a witness under another name', [`witness Z ${renamed}`], 7, 'this public key is there already'],
    ['a log twice', [`log ${log.vkey}`, `log ${log.vkey}`], 8, 'this public key is there already'],
    ['the key of a log under another name', [`log ${log.vkey}`, `log ${renamedLog}`], 8, 'this public key is there'],
    ['the name of a witness twice', [`witness X1 ${fresh}`], 7, 'the name "X1" is taken'],
    ['a group named like a witness', ['group X1 any X2'], 7, 'the name "X1" is taken'],
    ['a group twice', ['group G any X1', 'group G any X2'], 8, 'the name "G" is taken'],
    ['a witness none', [`witness none ${fresh}`], 7, 'the name none has a meaning'],
    ['a group none', ['group none any X1'], 7, 'the name none has a meaning'],
    ['none as a member', ['group G any none'], 7, '"none" is not defined'],
    ['a member twice in one group', ['group G any X1 X1'], 7, '"X1" is a member already'],
    ['a member of two groups', ['group G any X1', 'group H any X1'], 8, '"X1" is a member already'],
    ['an unknown member', ['group G any Z'], 7, '"Z" is not defined'],
    ['a group of itself', ['group G any G'], 7, '"G" is not defined'],
    ['a later member', ['group G any H', 'group H any X1'], 7, '"H" is not defined'],
    ['a group without members', ['group G any'], 7, 'write: group NAME'],
    ['a group without a count', ['group G'], 7, 'write: group NAME'],
    ['a count of 0', ['group G 0 X1'], 7, 'write any, all or a number from 1 to 1'],
    ['a count beyond the members', ['group G 3 X1 X2'], 7, 'write any, all or a number from 1 to 2'],
    ['a negative count', ['group G -1 X1'], 7, 'write any, all'],
    ['a count with a point', ['group G 1.0 X1'], 7, 'write any, all'],
    ['a count in hex', ['group G 0x1 X1'], 7, 'write any, all'],
    ['a word for a count', ['group G most X1'], 7, 'write any, all'],
    ['a witness without a key', ['witness Z'], 7, 'write: witness NAME VKEY'],
    ['a witness with too much', [`witness Z ${fresh} https://z more`], 7, 'write: witness NAME VKEY'],
    ['a log without a key', ['log'], 7, 'write: log VKEY'],
    ['a log with too much', [`log ${log.vkey} https://z more`], 7, 'write: log VKEY'],
    ['a witness with the key of a log', [`witness Z ${log.vkey}`], 7, 'the key of a witness is a cosignature key'],
    ['a malformed key', [`witness Z ${fresh}x`], 7, 'the key cannot be used: its key is not canonical base64'],
    [
      'a key with a wrong id',
      ['', `log ${log.vkey.replace(/\+[0-9a-f]{8}\+/, '+00000000+')}`],
      8,
      'its id is 00000000',
    ],
    ['an unknown word', ['witnesses X1'], 7, 'a line starts with log, witness, group, quorum'],
    ['a word in capitals', ['QUORUM X1'], 7, 'a line starts with'],
    ['a comment behind a line', ['quorum X1 # all'], 7, 'write: quorum NAME'],
    ['a carriage return', ['quorum X1\r'], 7, 'control characters'],
    ['a null', ['# \0'], 7, 'control characters'],
    ['a delete', ['# \x7f'], 7, 'control characters'],
    ['a vertical tab', ['quorum\vX1'], 7, 'control characters'],
  ])('%s', (_, lines, line, reason) => {
    expect(refusal(() => parseTrustPolicy(policy(...lines)))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      line,
      reason: expect.stringContaining(reason),
      message: expect.stringContaining(`Trust policy, line ${line}: `),
    })
  })

  test('a file beyond the limit', () => {
    const text = `quorum none\n${'#'.repeat(LIMITS.trustPolicyBytes)}`
    expect(refusal(() => parseTrustPolicy(text))).toMatchObject({ line: 1, reason: expect.stringContaining('at most') })
  })
})
