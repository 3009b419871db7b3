import { describe, expect, test } from 'vitest'
import { DEFAULT_CHASSIS_POLICY } from '../../../src/chassis/policy/policy.js'
import { governorPolicySchema } from '../../../src/governor/policy/canonical.js'
import { readConfig } from '../../../src/governor/policy/config.js'
import { DEFAULT_GOVERNOR_POLICY } from '../../../src/governor/policy/policy.js'
import { CosignatureSigner, NoteSigner } from '../../../src/witness/note/signer.js'
import { FILE, places, refusalOf } from './support.js'

const { vkey } = NoteSigner.generate('release')
const read = (source: string) => readConfig(FILE, source)

describe('what a file says about modules', () => {
  test('reaches its place', () => {
    const { policy, warnings } = read(`
chassis:
  require_signature: true
  require_pinned_version: true
  trusted_keys: ['${vkey}']
  pinned_versions: { alice: 1.4.0-rc.1 }
  minimum_jail: unshare
  grants:
    alice:
      - host: api.example.com
      - host: localhost
        port: 8080
        scheme: http
        methods: [GET, POST]
        paths: [/v1/, /v2]
        inject: { name: example-token, header: authorization, prefix: 'Bearer ' }
    bob: []
vault: { kind: environment }
`)
    expect(warnings).toEqual([])
    expect(policy.chassis).toEqual({
      requireSignature: true,
      requirePinnedVersion: true,
      trustedKeys: [vkey],
      pinnedVersions: { alice: '1.4.0-rc.1' },
      minimumJail: 'unshare',
      grants: {
        alice: [
          { host: 'api.example.com', port: 443, scheme: 'https', methods: ['GET'], paths: ['/'] },
          {
            ...{ host: 'localhost', port: 8080, scheme: 'http', methods: ['GET', 'POST'], paths: ['/v1/', '/v2'] },
            inject: { name: 'example-token', header: 'authorization', prefix: 'Bearer ' },
          },
        ],
        bob: [],
      },
    })
    expect(governorPolicySchema.parse(policy)).toEqual(policy)
  })

  test('may be nothing, and then the policy has no such part, as policies of older logs', () => {
    expect(read('').policy).not.toHaveProperty('chassis')
    expect(read('chassis: {}').policy.chassis).toEqual(DEFAULT_CHASSIS_POLICY)
  })
})

const grant = (line: string) => `chassis:\n  grants:\n    alice:\n      - host: api.example.com\n        ${line}`
const INJECT = 'chassis.grants.alice[0].inject'
const BAD: Record<string, readonly [source: string, ...places: string[]]> = {
  'an unknown key': ['chassis:\n  require_signatures: true', '2 chassis.require_signatures'],
  'a key that is cut': [`chassis:\n  trusted_keys:\n    - ${vkey.slice(0, -4)}`, '3 chassis.trusted_keys[0]'],
  'a key of another name': [`chassis: {trusted_keys: [un${vkey}]}`, '1 chassis.trusted_keys[0]'],
  'a key for cosignatures': [
    `chassis: {trusted_keys: [${CosignatureSigner.generate('witness').vkey}]}`,
    '1 chassis.trusted_keys[0]',
  ],
  'a pin that is a range': ['chassis:\n  pinned_versions:\n    alice: ^1.4.0', '3 chassis.pinned_versions.alice'],
  'a pin of nobody': ['chassis:\n  pinned_versions:\n    a b: 1.4.0', '3 chassis.pinned_versions."a b"'],
  'a pin of a swarm with the name of a secret': [
    'chassis:\n  pinned_versions:\n    ci-token: 1.4.0',
    '3 chassis.pinned_versions.ci-token',
  ],
  'a jail that does not exist': ['chassis: {minimum_jail: chroot}', '1 chassis.minimum_jail'],
  'a grant to a swarm with the name of a secret': [
    'chassis:\n  grants:\n    ci-token: []',
    '3 chassis.grants.ci-token',
  ],
  'a grant that is no list': ['chassis:\n  grants:\n    alice: {host: a.example}', '3 chassis.grants.alice'],
  'a grant without a host': ['chassis:\n  grants:\n    alice:\n      - port: 443', '4 chassis.grants.alice[0].host'],
  'a grant of an address': [
    'chassis:\n  grants:\n    alice:\n      - host: 10.0.0.1',
    '4 chassis.grants.alice[0].host',
  ],
  'a grant of any host': [
    "chassis:\n  grants:\n    alice:\n      - host: '*.example.com'",
    '4 chassis.grants.alice[0].host',
  ],
  'a grant of no method': [grant('methods: []'), '5 chassis.grants.alice[0].methods'],
  'a grant of an unknown method': [grant('methods: [CONNECT]'), '5 chassis.grants.alice[0].methods[0]'],
  'a path with dots': [grant('paths: [/a/../b]'), '5 chassis.grants.alice[0].paths[0]'],
  'a path with an escape': [grant('paths: [/a%2fb]'), '5 chassis.grants.alice[0].paths[0]'],
  'a grant that is too large': [
    grant(`paths: [${Array.from({ length: 9 }, () => `/${'x'.repeat(1_000)}`).join()}]`),
    '3 chassis.grants.alice',
  ],
  'a secret without a header': [grant('inject: {name: a}'), `5 ${INJECT}.header`],
  'a secret itself': [grant('inject: {name: Sesame/Open, header: x-key}'), `5 ${INJECT}.name`],
  'a header in capitals': [grant('inject: {name: a, header: X-Key}'), `5 ${INJECT}.header`],
  'a header of the connection': [grant('inject: {name: a, header: content-length}'), `5 ${INJECT}.header`],
  'a prefix with a line break': [grant('inject: {name: a, header: x-key, prefix: "a\\nb"}'), `5 ${INJECT}.prefix`],
  'a secret that everybody on the way can read': [
    `${grant('scheme: http')}\n        inject: {name: a, header: x-key}`,
    '4 chassis.grants.alice[0]',
  ],
  'a vault of no kind': ['vault:\n  prefix: A_', '1 vault.kind'],
  'a vault of an unknown kind': ['vault:\n  kind: keychain', '2 vault.kind'],
  'a key of another vault': ['vault:\n  kind: environment\n  path: secrets.yaml', '3 vault.path'],
  'a prefix with a dollar sign': ['vault:\n  kind: environment\n  prefix: $A', '3 vault.prefix'],
  'a file without a path': ['vault:\n  kind: file', '1 vault.path'],
  'an address that is no origin': [
    'vault:\n  kind: hashicorp\n  address: https://v.example/v1\n  token_env: A',
    '3 vault.address',
  ],
  'an address with a password': [
    'vault:\n  kind: hashicorp\n  address: https://u:p@v.example\n  token_env: A',
    '3 vault.address',
  ],
  'an address that everybody on the way can read': [
    'vault:\n  kind: hashicorp\n  address: http://v.example:8200\n  token_env: A',
    '3 vault.address',
  ],
  'a mount that leads elsewhere': [
    'vault:\n  kind: hashicorp\n  address: https://v.example\n  token_env: A\n  mount: a/../sys',
    '5 vault.mount',
  ],
  'a path from the root': [
    'vault:\n  kind: hashicorp\n  address: https://v.example\n  token_env: A\n  path: /a',
    '5 vault.path',
  ],
  'a vault without a token': ['vault:\n  kind: hashicorp\n  address: https://v.example', '1 vault'],
  'a vault with two tokens': [
    'vault: {kind: hashicorp, address: "https://v.example", token_env: A, token_file: b}',
    '1 vault',
  ],
  'a token in the file': [
    'vault:\n  kind: hashicorp\n  address: https://v.example\n  token: hvs.sesame',
    '1 vault',
    '4 vault.token',
  ],
  'no time to answer': [
    'vault:\n  kind: hashicorp\n  address: https://v.example\n  token_env: A\n  timeout: 0s',
    '5 vault.timeout',
  ],
  'a cache for a day': [
    'vault:\n  kind: hashicorp\n  address: https://v.example\n  token_env: A\n  cache: 24h',
    '5 vault.cache',
  ],
}

describe('refused, with its line and field, is', () => {
  test.each(Object.entries(BAD).map(([name, [source, ...expected]]) => ({ name, source, expected })))(
    '$name',
    ({ source, expected }) => {
      expect(places(source)).toEqual(expected)
    },
  )
})

describe('hardly meant, and told with its line, is', () => {
  test.each([
    ['a signature that no key can give', 'chassis:\n  require_signature: true', '2 chassis.require_signature'],
    ['a secret without a vault', grant('inject: {name: a, header: x-key}'), '3 chassis.grants.alice'],
  ])('%s', (_, source, place) => {
    const { warnings } = read(source)
    expect(warnings.map(({ line, field, severity }) => [severity, `${line} ${field}`])).toEqual([['warning', place]])
    expect(read(`${source}\n  trusted_keys: ['${vkey}']\nvault: {kind: environment}`).warnings).toEqual([])
  })
})

test('no refusal repeats what could be a secret', () => {
  const secret = 'Sesame-open-1234'
  for (const source of [
    grant(`inject: {name: ${secret}, header: '${secret} ', prefix: "\\n${secret}"}`),
    `vault: {kind: hashicorp, address: 'https://u:${secret}@v.example', token_env: '$${secret}', mount: '/${secret}'}`,
    `vault: {kind: ${secret}}`,
    `chassis: {trusted_keys: ['${secret}'], minimum_jail: ${secret}}`,
  ]) {
    expect(JSON.stringify(refusalOf(() => read(source)).report())).not.toContain(secret)
  }
})

describe('a vault', () => {
  const vaultOf = (source: string) => {
    const { policy, host, warnings } = read(source)
    expect({ policy, warnings }, 'it is no part of the policy').toEqual({
      policy: DEFAULT_GOVERNOR_POLICY,
      warnings: [],
    })
    return host.vault
  }

  test('of variables has a prefix', () => {
    expect(vaultOf('vault: {kind: environment}')).toEqual({ kind: 'environment', prefix: 'IFAB_SECRET_' })
    expect(vaultOf('vault: {kind: environment, prefix: A_}')).toEqual({ kind: 'environment', prefix: 'A_' })
  })

  test('may be a file', () => {
    expect(vaultOf('vault: {kind: file, path: secrets.yaml}')).toEqual({ kind: 'file', path: 'secrets.yaml' })
  })

  test('may be HashiCorp Vault', () => {
    expect(vaultOf('vault: {kind: hashicorp, address: "http://127.0.0.1:8200", token_file: t}')).toEqual({
      ...{ kind: 'hashicorp', address: 'http://127.0.0.1:8200', mount: 'secret', field: 'value', tokenFile: 't' },
      ...{ timeoutMs: 5_000, cacheMs: 30_000 },
    })
    const whole = `vault:
  kind: hashicorp
  address: https://vault.example.com:8200
  mount: kv/apps
  path: team/infrafabric
  field: token
  namespace: a/b
  token_env: VAULT_TOKEN
  timeout: 250ms
  cache: 0s
`
    expect(vaultOf(whole)).toEqual({
      ...{ kind: 'hashicorp', address: 'https://vault.example.com:8200', mount: 'kv/apps', path: 'team/infrafabric' },
      ...{ field: 'token', namespace: 'a/b', tokenEnv: 'VAULT_TOKEN', timeoutMs: 250, cacheMs: 0 },
    })
  })
})

describe('the JSON form of a policy', () => {
  const endpoint = { host: 'api.example.com', port: 443, scheme: 'https', methods: ['GET'], paths: ['/'] }
  const inject = { name: 'a', header: 'x-key' }
  const bad: Record<string, object> = {
    'an unknown field': { surprise: 1 },
    'a missing field': { grants: undefined },
    'a key that is none': { trustedKeys: ['release+00000000+AA=='] },
    'a jail that does not exist': { minimumJail: 'none' },
    'a pin that is a range': { pinnedVersions: { a: '1.x' } },
    'a swarm with the name of a secret': { pinnedVersions: { 'ci-token': '1.0.0' } },
    'an endpoint with a default left out': { grants: { a: [{ host: 'api.example.com' }] } },
    'a secret over http': { grants: { a: [{ ...endpoint, scheme: 'http', inject }] } },
    'a value of a secret': { grants: { a: [{ ...endpoint, inject: { ...inject, value: 'b' } }] } },
  }
  const policy = (changes: object) => ({
    ...DEFAULT_GOVERNOR_POLICY,
    chassis: { ...DEFAULT_CHASSIS_POLICY, ...changes },
  })

  test.each(Object.entries(bad))('with %s is refused', (_, changes) => {
    expect(governorPolicySchema.safeParse(policy(changes)).success).toBe(false)
  })

  test('is read as it is', () => {
    const whole = policy({ grants: { a: [{ ...endpoint, inject }] }, trustedKeys: [vkey] })
    expect(governorPolicySchema.parse(whole)).toEqual(whole)
  })
})
