import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { manifestSchema, readManifest } from '../../../src/governor/capabilities/manifest.js'
import { listCapabilities, unknownCapabilities } from '../../../src/governor/capabilities/registry.js'
import { readConfig } from '../../../src/governor/policy/config.js'
import { configSchema } from '../../../src/governor/policy/config-schema.js'
import { DEFAULT_GOVERNOR_POLICY } from '../../../src/governor/policy/policy.js'
import { jsonSchemaOf } from '../../../src/user-file/json-schema.js'
import { documentedKeys, usedKeys, yamlExamples } from '../../user-file/documented-keys.js'
import { schemaKeys } from '../../user-file/schema-keys.js'

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')

const reference = read('docs/reference/policy.md')
const guide = read('docs/guide/capabilities.md')
const config = jsonSchemaOf(configSchema)
const manifest = jsonSchemaOf(manifestSchema)

describe('the policy reference', () => {
  const keys = schemaKeys(config).map(({ path }) => path)

  test('documents every key of the schema, and no other', () => {
    expect(
      documentedKeys(reference)
        .filter((key) => !/^[0-9$]/.test(key))
        .sort(),
    ).toEqual([...keys].sort())
  })

  test('has examples that are read without a warning, and that use every key', () => {
    const used = new Set<string>()
    for (const example of yamlExamples(reference)) {
      const { warnings } = readConfig('example.yaml', example)
      expect(warnings.filter(({ field }) => !field.includes('tokens'))).toEqual([])
      for (const key of usedKeys(config, parse(example) ?? {})) used.add(key)
    }
    // Months and weeks, dollars and tokens: each at least once, in whatever scope.
    expect(keys.filter((key) => !used.has(key))).toEqual([])
  })

  test('names the defaults that the schema has', () => {
    const rows = new Map([...reference.matchAll(/^\| `([^`]+)` \| ([^|]*) \|/gm)].map(([, key, given]) => [key, given]))
    for (const { path, schema } of schemaKeys(config)) {
      if (schema.default === undefined || Array.isArray(schema.default)) continue
      const shown = String(schema.default).replace(/^\$(\d+)\.00$/, '$1')
      expect(`${path} ${rows.get(path)}`).toBe(`${path} ${shown}`)
    }
  })
})

describe('the capability guide', () => {
  test('lists every built-in capability with its meaning, and no other', () => {
    const rows = [...guide.matchAll(/^\| `([a-z0-9]+:[a-z0-9-]+)` \| ([^|]+) \|$/gm)]
    const listed = rows.map(([, name, meaning]) => ({ name, meaning, own: false }))
    expect(listed.sort((a, b) => ((a.name ?? '') < (b.name ?? '') ? -1 : 1))).toEqual(
      listCapabilities({ capabilityRegistry: {} }),
    )
  })

  test('documents every key of a manifest, and no other', () => {
    const keys = schemaKeys(manifest).map(({ path }) => path)
    const documented = documentedKeys(guide).filter((key) => /^swarms?\b/.test(key))
    expect([...documented].sort()).toEqual([...keys].sort())
  })

  test('has examples that are read', () => {
    const examples = yamlExamples(guide)
    expect(examples).toHaveLength(3)
    for (const example of examples) {
      if (example.startsWith('swarms:')) expect(readManifest('example.yaml', example)).toHaveLength(2)
      else expect(readConfig('example.yaml', example).warnings).toEqual([])
    }
  })
})

/** They name files and hosts that only one machine has. */
const OF_ONE_MACHINE = ['private_hosts', 'tls', 'tls.certificate', 'tls.key', 'behind_proxy']
/** A fabric has one vault: the sample has the kind that needs nothing else. */
const OF_ANOTHER_VAULT = /^vault\.(?!kind$|prefix$)/

describe('the samples', () => {
  const source = read('examples/config/infrafabric.yaml')
  const sample = readConfig('infrafabric.yaml', source)

  test('of a configuration is read without a warning, and uses every key that suits any machine', () => {
    expect(sample.warnings).toEqual([])
    const used = usedKeys(config, parse(source))
    const unused = schemaKeys(config).filter(({ path }) => !used.has(path) && !OF_ANOTHER_VAULT.test(path))
    expect(unused.map(({ path }) => path)).toEqual([...OF_ONE_MACHINE, 'limit.input_tokens', 'limit.cached_tokens'])
  })

  test('says `default` only where it is one', () => {
    const { policy } = sample
    expect(policy.breaker).toEqual(DEFAULT_GOVERNOR_POLICY.breaker)
    expect(policy.help).toEqual(DEFAULT_GOVERNOR_POLICY.help)
    for (const field of ['maxSwarmsPerTask', 'maxCostPerTaskNanos', 'minCapabilityMatch', 'tiers'] as const) {
      expect(policy[field]).toEqual(DEFAULT_GOVERNOR_POLICY[field])
    }
  })

  test('of a price table has models of three vendors, none of them free, and cached input not above input', () => {
    const models = Object.entries(sample.policy.prices.models)
    for (const vendor of ['claude-', 'gpt-', 'gemini-']) {
      expect(models.filter(([name]) => name.startsWith(vendor)).length).toBeGreaterThanOrEqual(2)
    }
    for (const [, { inputNanos, outputNanos, cachedNanos }] of models) {
      expect(cachedNanos).toBeGreaterThan(0)
      expect(inputNanos).toBeGreaterThanOrEqual(cachedNanos)
      expect(outputNanos).toBeGreaterThan(inputNanos)
    }
    expect(sample.policy.prices.version).toMatch(/\d{4}-\d{2}-\d{2}$/)
  })

  test('of a manifest is read, and names only capabilities that a registry knows', () => {
    const swarms = readManifest('swarm.yaml', read('examples/config/swarm.yaml'))
    expect(swarms.map(({ swarm }) => swarm)).toEqual(['release-captain', 'night-shift'])
    const names = swarms.flatMap(({ capabilities, granted = [] }) => [...capabilities, ...granted])
    expect(unknownCapabilities(names, sample.policy)).toEqual([])
  })
})
