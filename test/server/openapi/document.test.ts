import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test } from 'vitest'
import { ERRORS } from '../../../src/model/errors.js'
import { OPERATION_LIST } from '../../../src/operations/table.js'
import { openApiDocument } from '../../../src/server/openapi/document.js'
import type { MediaType, Parameter, ResponseObject } from '../../../src/server/openapi/types.js'
import { DescribedApi, pointerOf } from '../../support/described-api.js'

const document = openApiDocument(OPERATION_LIST)
const api = new DescribedApi(document)
const project = fileURLToPath(new URL('../../..', import.meta.url))

// `npm run generate` writes it anew.
test('the reference has the document as it is served', async () => {
  const text = `${JSON.stringify(document, null, 2)}\n`
  await expect(text).toMatchFileSnapshot(join(project, 'docs/reference/openapi.json'))
})

describe('the document', () => {
  test('has every operation of the table, with its role', () => {
    const described = new Map(api.operations.map((item) => [item.operation.operationId, item]))
    for (const { name, method, path, role, keyed } of OPERATION_LIST) {
      const found = described.get(name)
      expect([found?.method, found?.path]).toEqual([method.toLowerCase(), path.replace(/:(\w+)/g, '{$1}')])
      expect(found?.operation['x-role'], name).toBe(role)
      const key = { $ref: '#/components/parameters/IdempotencyKey' }
      expect(found?.operation.parameters?.some((parameter) => isDeepStrictEqual(parameter, key))).toBe(keyed)
    }
  })

  test('has every other route, but for those that OpenAPI has no words for', () => {
    const described = Object.keys(document.paths)
    const missing = routesInSource().filter((route) => !described.includes(route.replace('*', '{tile}')))
    expect(missing.sort()).toEqual(['/mcp', '/v1/socket'])
    for (const route of missing) expect(document.info.description).toContain(`\`${route}\``)
  })

  test('refers only to what it has', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#([^"]+)"/g)].map(([, pointer = '']) => pointer)
    expect(new Set(references).size).toBeGreaterThan(40)
    for (const pointer of references) expect(at(pointer), pointer).toBeDefined()
  })

  test('names the codes of the registry by their statuses', () => {
    const served = Object.values(document.components.schemas).flatMap(({ allOf }) => {
      const fields = allOf?.[1] as { properties?: Record<string, { const?: number; enum?: string[] }> } | undefined
      return (fields?.properties?.code?.enum ?? []).map((code) => [code, fields?.properties?.status?.const])
    })
    for (const [code, { status }] of Object.entries(ERRORS)) {
      const never = ['DATA_LOCKED', 'DATA_TOO_NEW', 'PROOF_INVALID'].includes(code)
      expect(
        served.some(([name, of]) => name === code && of === status),
        code,
      ).toBe(!never)
    }
  })
})

describe.each(api.operations)('$operation.operationId', ({ operation, pointer, path }) => {
  test('has examples that are as it says', () => {
    const { parameters = [], requestBody, responses } = operation
    parameters.forEach((parameter, index) => {
      if (!('example' in parameter)) return
      expect(api.faults(`${pointer}${pointerOf('parameters', index, 'schema')}`, parameter.example)).toEqual([])
    })
    expectExamples(`${pointer}/requestBody`, requestBody?.content)
    const { content } = responses[200] as ResponseObject
    expectExamples(`${pointer}/responses/200`, content)
    if (path.startsWith('/v1/') && path !== '/v1/events')
      expect(content?.['application/json']).toHaveProperty('example')
  })

  test('has a value for each parameter of its path, and says how it refuses', () => {
    const named = (operation.parameters ?? []).filter((item): item is Parameter => 'in' in item && item.in === 'path')
    expect(named.map(({ name }) => `{${name}}`)).toEqual(path.match(/\{\w+\}/g) ?? [])
    for (const { required, example } of named) expect([required, typeof example]).toEqual([true, 'string'])
    const statuses = Object.keys(operation.responses)
    expect(statuses).toEqual(expect.arrayContaining(['400', '403', '500', '503']))
    expect(statuses.includes('401')).toBe(operation.security === undefined || path.startsWith('/tile'))
  })
})

test('the examples of refusals are as the document says', () => {
  for (const [name, { content }] of Object.entries(document.components.responses)) {
    expect(content?.['application/problem+json']?.example, name).toBeDefined()
    expectExamples(pointerOf('components', 'responses', name), content)
  }
})

function expectExamples(pointer: string, content: Readonly<Record<string, MediaType>> = {}): void {
  for (const [type, { example }] of Object.entries(content)) {
    if (example === undefined) continue
    expect(api.faults(`${pointer}${pointerOf('content', type, 'schema')}`, example)).toEqual([])
  }
}

function at(pointer: string): unknown {
  return pointer
    .split('/')
    .slice(1)
    .reduce<unknown>((part, step) => (part as Record<string, unknown> | undefined)?.[step], document)
}

/** Paths that are written down in the code of the server. */
function routesInSource(): string[] {
  const folder = join(project, 'src/server')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  return files
    .filter((file) => !file.includes('cosigner'))
    .flatMap((file) => [...readFileSync(join(folder, file), 'utf8').matchAll(/(?:\.get\(|url: |PATH = )'(\/[^']*)'/g)])
    .map(([, route = '']) => route)
}
