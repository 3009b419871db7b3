import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { ROLES } from '../../src/model/principal.js'
import { parseInput } from '../../src/operations/input.js'
import { OPERATION_LIST } from '../../src/operations/table.js'

describe.each(OPERATION_LIST)('$name', (operation) => {
  const { method, path, input, example, role, mutates, keyed, summary } = operation

  test('has an example that it accepts', () => {
    expect(() => parseInput(input, example)).not.toThrow()
  })

  test('refuses fields it does not name', () => {
    expect(() => parseInput(input, { ...example, colour: 'red' })).toThrow('colour')
  })

  test('takes every segment of its path from its input', () => {
    const segments = path.split('/').filter((segment) => segment.startsWith(':'))
    for (const segment of segments) {
      const name = segment.slice(1)
      expect(input.shape[name]?.safeParse('task-1; rm -rf /').success, name).toBe(false)
    }
  })

  test('says consistently what it does', () => {
    expect(ROLES).toContain(role)
    expect(summary).toMatch(/^[A-Z].*\.$/)
    if (method === 'GET') expect(mutates).toBe(false)
    if (keyed) expect(mutates).toBe(true)
  })
})

describe('the table', () => {
  test('has each route once', () => {
    const routes = OPERATION_LIST.map(({ method, path }) => `${method} ${path.replace(/:\w+/g, ':')}`)
    expect(new Set(routes).size).toBe(routes.length)
  })

  test('bounds every text, list and record of its inputs', () => {
    const unbounded: string[] = []
    for (const { name, input } of OPERATION_LIST) {
      const visit = (schema: z.core.JSONSchema._JSONSchema | undefined, path: string) => {
        if (typeof schema !== 'object') return
        const { type, properties = {}, items, anyOf = [], oneOf = [] } = schema
        const bounded = schema.maxLength ?? schema.pattern ?? schema.enum ?? schema.const
        if (type === 'string' && bounded === undefined) unbounded.push(path)
        if (type === 'array' && schema.maxItems === undefined) unbounded.push(path)
        if (!Array.isArray(items)) visit(items as z.core.JSONSchema._JSONSchema, `${path}[]`)
        for (const choice of [...anyOf, ...oneOf]) visit(choice, path)
        for (const [field, value] of Object.entries(properties)) visit(value, `${path}.${field}`)
      }
      visit(z.toJSONSchema(input, { io: 'input' }), name)
    }
    expect(unbounded).toEqual([])
  })
})
