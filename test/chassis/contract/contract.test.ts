import { describe, expect, test } from 'vitest'
import { DEFAULT_CONTRACT_LIMITS, EXACT_VERSION, type SignedContract } from '../../../src/chassis/contract/contract.js'
import { type ContractTrust, judgeContract, requireTrusted } from '../../../src/chassis/contract/judge-contract.js'
import { limitsOf } from '../../../src/chassis/contract/meter-limits.js'
import { readContract } from '../../../src/chassis/contract/read-contract.js'
import { signContract, signedText } from '../../../src/chassis/contract/sign-contract.js'
import { isFabricError } from '../../../src/model/errors.js'
import { CosignatureSigner, NoteSigner } from '../../../src/witness/note/signer.js'

const DIGEST = 'ab'.repeat(32)
const SMALL = `swarm: alice
version: 1.2.3
module: { path: tool.wasm, sha256: ${DIGEST} }
`

const read = (source: string) => readContract('contract.yaml', source)

/** What is wrong, as `line: field`. */
function problemsOf(source: string): string[] {
  try {
    read(source)
  } catch (error) {
    if (!isFabricError(error, 'INVALID_ARGUMENT')) throw error
    const problems = error.details.problems as readonly { readonly line: number; readonly field: string }[]
    return problems.map(({ line, field }) => `${line}: ${field}`)
  }
  return []
}

describe('a contract', () => {
  test('has every default in its place', () => {
    expect(read(SMALL)).toEqual({
      contract: {
        swarm: 'alice',
        version: '1.2.3',
        module: { path: 'tool.wasm', sha256: DIGEST },
        profile: 'core',
        capabilities: [],
        limits: DEFAULT_CONTRACT_LIMITS,
        slo: {},
        hosts: [],
      },
    })
  })

  test('says what it allows, in the units of the program', () => {
    const { contract } = read(`${SMALL}
profile: typescript
capabilities: [web:fetch]
limits: { memory: 64MiB, table_elements: 5_000, cpu_percent: 50, wall_time: 2s, fuel: 5_000_000, host_calls_per_second: 3, output: 4KiB, log: 0KiB }
slo: { p99_latency: 250ms, success_rate: 0.99, availability: 0.999 }
hosts:
  - host: api.example.com
    methods: [GET, POST]
    paths: [/v1/]
  - { host: intra.example.com, scheme: http }
  - { host: other.example.com, port: 8443 }
`)
    expect(contract.limits).toEqual({
      memoryBytes: 64 * 1024 * 1024,
      tableElements: 5_000,
      cpuPercent: 50,
      wallMs: 2_000,
      fuel: 5_000_000,
      hostCallsPerSecond: 3,
      outputBytes: 4_096,
      logBytes: 0,
    })
    expect(contract.slo).toEqual({ p99LatencyMs: 250, successRate: 0.99, availability: 0.999 })
    expect(contract.hosts).toEqual([
      { host: 'api.example.com', port: 443, scheme: 'https', methods: ['GET', 'POST'], paths: ['/v1/'] },
      { host: 'intra.example.com', port: 80, scheme: 'http', methods: ['GET'], paths: ['/'] },
      { host: 'other.example.com', port: 8443, scheme: 'https', methods: ['GET'], paths: ['/'] },
    ])
    expect(limitsOf(contract.limits)).toMatchObject({ memoryPages: 1_024, tableElements: 5_000 })
  })

  test('is refused with the line of each mistake', () => {
    const source = `swarm: '-'
version: "1.2.3"
module:
  path: tool.wasm
  sha256: ${DIGEST.toUpperCase()}
limits:
  memory: 256MB
  cpu_percent: 101
  fule: 3
  wall_time: 11m
hosts:
  - host: 127.0.0.1
  - { host: api.example.com, paths: [v1, /a/../b, '/a?b'] }
extra: 1
`
    expect(problemsOf(source)).toEqual([
      '1: swarm',
      '5: module.sha256',
      '7: limits.memory',
      '8: limits.cpu_percent',
      '9: limits.fule',
      '10: limits.wall_time',
      '12: hosts[0].host',
      '13: hosts[1].paths[0]',
      '13: hosts[1].paths[1]',
      '13: hosts[1].paths[2]',
      '14: extra',
    ])
    expect(problemsOf('')).toEqual(['1: swarm', '1: version', '1: module'])
  })

  test.each([
    ...['127.0.0.1', '0x7f000001', '2130706433', '0x7f.1', '::1', '[::1]', 'localhost.', 'API.example.com'],
    ...['user@example.com', 'example.com:80', 'a..b', '-a.example', `${'a'.repeat(64)}.example`, '*', '*.example.com'],
  ])('takes no %s for a host', (host) => {
    expect(problemsOf(`${SMALL}hosts: [{ host: ${JSON.stringify(host)} }]`)).toEqual(['4: hosts[0].host'])
  })

  test.each(['/etc/passwd', '../tool.wasm', 'a/../../tool.wasm', 'a\\\\..\\\\tool.wasm', 'C:tool.wasm'])(
    'takes no module outside its directory: %s',
    (path) => {
      expect(problemsOf(SMALL.replace('tool.wasm', `"${path}"`))).toEqual(['3: module.path'])
    },
  )

  test('takes no file beyond its limit', () => {
    expect(() => read(`${SMALL}# ${'x'.repeat(70_000)}`)).toThrow('contract.yaml is too large')
  })

  test.each([
    ['1.2.3', true],
    ['0.0.1-rc.1+build.7', true],
    ['1.2', false],
    ['^1.2.3', false],
    ['1.x', false],
    ['latest', false],
    ['01.2.3', false],
    ['1.2.3 ', false],
  ])('with the version %s: exact is %s', (version, isExact) => {
    expect(EXACT_VERSION.test(version)).toBe(isExact)
  })
})

describe('a verdict', () => {
  const signer = NoteSigner.generate('release')
  const trust: ContractTrust = { keys: [signer.verifier], requireSignature: true, requirePinnedVersion: true }
  const lenient: ContractTrust = { keys: [signer.verifier], requireSignature: false, requirePinnedVersion: false }
  const sign = ({ contract }: SignedContract, by = signer): SignedContract => {
    return { contract, signature: signContract(contract, by) }
  }
  const faults = (signed: SignedContract, by = trust, digest = DIGEST) => {
    const { trusted, findings } = judgeContract(signed, digest, by)
    expect(trusted).toBe(findings.every(({ refused }) => !refused))
    return findings.map(({ fault, refused }) => `${fault}${refused ? '!' : ''}`)
  }

  test('of a contract that a trusted key signed names the key', () => {
    const verdict = judgeContract(sign(read(SMALL)), DIGEST, trust)
    expect(verdict).toEqual({ trusted: true, signedBy: `release+${signer.vkey.split('+')[1]}`, findings: [] })
    expect(() => requireTrusted(verdict)).not.toThrow()
  })

  test('outlives the file: what a signature is of does not depend on order, comments and spelling', () => {
    const { signature } = sign(read(SMALL))
    const source = `# Signed by the release key.
version: "1.2.3"
limits: { fuel: 1_000_000_000, memory: 262144KiB }
module: { sha256: ${DIGEST}, path: tool.wasm }
swarm: alice
signature: { key: ${signature?.key}, value: ${signature?.value} }
`
    expect(faults(read(source))).toEqual([])
  })

  test('is that it was tampered with, whichever field changed, and that never may run', () => {
    const { contract, signature } = sign(read(SMALL))
    const changes: Partial<typeof contract>[] = [
      { swarm: 'bob' },
      { version: '1.2.4' },
      { module: { ...contract.module, path: 'other.wasm' } },
      { profile: 'typescript' },
      { capabilities: ['web:fetch'] },
      { limits: { ...contract.limits, fuel: contract.limits.fuel + 1 } },
      { slo: { successRate: 0.5 } },
      { hosts: [{ host: 'evil.example', port: 443, scheme: 'https', methods: ['GET'], paths: ['/'] }] },
    ]
    expect(changes).toHaveLength(Object.keys(contract).length)
    for (const change of changes) {
      const changed = { contract: { ...contract, ...change }, ...(signature !== undefined && { signature }) }
      expect(faults(changed, lenient)).toEqual(['tampered!'])
    }
    expect(faults({ contract, signature: { key: signature?.key ?? '', value: 'AA==' } }, lenient)).toEqual([
      'tampered!',
    ])
  })

  test.each([
    ['unsigned', read(SMALL)],
    ['unknown_key', sign(read(SMALL), NoteSigner.generate('release'))],
    ['unknown_key', sign(read(SMALL), NoteSigner.generate('other'))],
  ])('is %s, refused where the policy wants a signature', (fault, signed) => {
    expect(faults(signed)).toEqual([`${fault}!`])
    expect(faults(signed, lenient)).toEqual([fault])
  })

  test('trusts no key that signs something else', () => {
    const cosigner = CosignatureSigner.generate('release')
    const key = `release+${cosigner.vkey.split('+')[1]}`
    const value = cosigner.signature(signedText(read(SMALL).contract)).toString('base64')
    const signed = { ...read(SMALL), signature: { key, value } }
    expect(faults(signed, { ...trust, keys: [cosigner.verifier] })).toEqual(['unknown_key!'])
  })

  test('is that the module is another, which never may run', () => {
    const verdict = judgeContract(sign(read(SMALL)), 'cd'.repeat(32), lenient)
    expect(verdict.findings).toMatchObject([{ fault: 'digest_mismatch', refused: true }])
    expect(() => requireTrusted(verdict)).toThrow('Take the module that it names.')
    try {
      requireTrusted(verdict)
    } catch (error) {
      expect(error).toMatchObject({ code: 'MODULE_REFUSED', details: { reason: 'digest_mismatch' } })
    }
  })

  test('is that the version is not pinned, where the policy says so or has another', () => {
    const latest = sign(read(SMALL.replace('1.2.3', 'latest')))
    expect(faults(latest)).toEqual(['unpinned_version!'])
    expect(faults(latest, lenient)).toEqual(['unpinned_version'])
    const pinned = (version: string) => ({ ...lenient, pinnedVersions: { alice: version } })
    expect(faults(sign(read(SMALL)), pinned('1.2.3'))).toEqual([])
    expect(faults(sign(read(SMALL)), pinned('1.2.2'))).toEqual(['unpinned_version!'])
    expect(faults(sign(read(SMALL)), { ...lenient, pinnedVersions: { bob: '9.9.9' } })).toEqual([])
  })
})
