import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { contractSchema } from '../../src/chassis/contract/contract-schema.js'
import { manifestSchema } from '../../src/governor/capabilities/manifest.js'
import { configSchema } from '../../src/governor/policy/config-schema.js'
import { jsonSchemaOf, keysAt } from '../../src/user-file/json-schema.js'
import { schemaKeys } from './schema-keys.js'

const SCHEMAS = [
  ['infrafabric.schema.json', jsonSchemaOf(configSchema)],
  ['swarm-manifest.schema.json', jsonSchemaOf(manifestSchema)],
  ['contract.schema.json', jsonSchemaOf(contractSchema)],
] as const

describe.each(SCHEMAS)('%s', (file, schema) => {
  // `npm run generate` writes it anew.
  test('is what the reader reads by', async () => {
    const path = fileURLToPath(new URL(`../../docs/reference/schemas/${file}`, import.meta.url))
    await expect(`${JSON.stringify(schema, null, 2)}\n`).toMatchFileSnapshot(path)
  })

  test('is of draft 2020-12, and describes every key', () => {
    expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema')
    const keys = schemaKeys(schema)
    expect(keys.length).toBeGreaterThan(10)
    expect(keys.filter(({ schema }) => !/^[A-Z].*\.$/.test(schema.description ?? '')).map(({ path }) => path)).toEqual(
      [],
    )
  })

  test('has patterns that every validator can compile', () => {
    const patterns = [...JSON.stringify(schema).matchAll(/"pattern":"((?:[^"\\]|\\.)*)"/g)]
    expect(patterns.length).toBeGreaterThan(3)
    for (const [, text] of patterns) new RegExp(JSON.parse(`"${text}"`), 'u')
  })
})

test('keys of a map are found through lists, names, references and forms', () => {
  const schema = jsonSchemaOf(configSchema)
  expect(keysAt(schema, ['budgets', 'boards', 'any', 'day'])).toContain('input_tokens')
  expect(keysAt(schema, ['channels', 0])).toEqual(expect.arrayContaining(['url_env', 'password_env']))
  expect(keysAt(schema, ['budgets', 'boards'])).toEqual([])
  expect(keysAt(schema, ['nowhere', 'at', 'all'])).toEqual([])
})
