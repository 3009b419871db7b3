import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { ERRORS, type ErrorCode } from '../../../src/model/errors.js'
import { ROLES } from '../../../src/model/principal.js'
import { OPERATION_LIST } from '../../../src/operations/table.js'
import { HINTS } from '../../../src/server/mcp/hints.js'
import { INSTRUCTIONS } from '../../../src/server/mcp/instructions.js'
import { listingOf } from '../../../src/server/mcp/listing.js'
import { tool } from '../../../src/server/mcp/tool.js'
import { allTools, CORE } from '../../../src/server/mcp/tool-set.js'

/** As models count, roughly. */
const CHARS_PER_TOKEN = 4

function tokensOf(value: unknown): number {
  return JSON.stringify(value).length / CHARS_PER_TOKEN
}

describe('the core tools', () => {
  test('are these twelve', () => {
    expect([...CORE.byName.keys()].sort()).toEqual([
      'ask_for_help',
      'claim_task',
      'complete_task',
      'create_task',
      'escalate_to_human',
      'heartbeat',
      'next_task',
      'release_task',
      'report_blocker',
      'report_milestone',
      'show_task',
      'wait_for_work',
    ])
  })

  test('take fewer than 3,000 tokens of every agent, everything that is listed counted, and the loop 400 more', () => {
    expect(tokensOf(CORE.listings)).toBeLessThan(3_000)
    expect(INSTRUCTIONS.length / CHARS_PER_TOKEN).toBeLessThan(400)
  })

  test.each(CORE.listings)('$name is loaded at once, says what it does, and takes nobody else’s name', (listing) => {
    expect(listing._meta).toEqual({ 'anthropic/alwaysLoad': true })
    expect(listing.description).toMatch(/\.$/)
    expect(listing.annotations?.openWorldHint).toBe(false)
    expect(listing.inputSchema).toMatchObject({ type: 'object', additionalProperties: false })
    expect(Object.keys(listing.inputSchema.properties ?? {})).not.toContain('as')
    // Some clients hold a failure against this schema too.
    expect(listing.outputSchema).toMatchObject({ type: 'object' })
    expect(listing.outputSchema).not.toHaveProperty('required')
    expect(listing.outputSchema).not.toHaveProperty('additionalProperties')
  })

  test('say which of them change nothing, and that none ends something: an agent alone may call each', () => {
    const named = (hint: 'readOnlyHint' | 'destructiveHint' | 'idempotentHint') =>
      CORE.listings.filter(({ annotations }) => annotations?.[hint]).map(({ name }) => name)
    expect(named('readOnlyHint')).toEqual(['show_task'])
    expect(named('destructiveHint')).toEqual([])
    expect(named('idempotentHint')).toEqual(['claim_task', 'heartbeat', 'complete_task', 'show_task'])
  })
})

describe('the tools for all operations', () => {
  test.each(ROLES)('a %s gets those that it may call', async (role) => {
    const { listings, byName } = await allTools(role)
    const rest = [...byName.keys()].filter((name) => !CORE.byName.has(name))
    const allowed = OPERATION_LIST.filter((row) => ROLES.indexOf(row.role) <= ROLES.indexOf(role))
    expect(rest.every((name) => allowed.some((row) => row.name.replace('.', '_') === name))).toBe(true)
    expect(rest).toContain('task_list')
    expect(rest.includes('swarm_grant')).toBe(role === 'admin')
    expect(listings).toHaveLength(byName.size)
    for (const { inputSchema, outputSchema, _meta } of listings.slice(CORE.listings.length)) {
      expect(inputSchema.properties ?? {}).not.toHaveProperty('as')
      expect(outputSchema).toMatchObject({ type: 'object' })
      expect(outputSchema).not.toHaveProperty('required')
      expect(_meta).toBeUndefined()
    }
  })

  test('leave out the name of the swarm where only it can be meant', async () => {
    const fields = async (role: 'swarm' | 'admin') =>
      Object.keys(
        (await allTools(role)).listings.find(({ name }) => name === 'inbox_read')?.inputSchema.properties ?? {},
      )
    expect(await fields('swarm')).not.toContain('swarm')
    expect(await fields('admin')).toContain('swarm')
  })

  test('show no secret to a model', async () => {
    const { byName } = await allTools('admin')
    const shown = [...byName.values()].filter(({ output }) =>
      JSON.stringify(z.toJSONSchema(output)).includes('"token":{"type":"string"}'),
    )
    // It would answer a token where it is asked for one, which the tool cannot.
    expect(shown.map(({ name }) => name)).toEqual(['swarm_register'])
    expect(Object.keys(byName.get('swarm_register')?.input.shape ?? {})).not.toContain('token')
  })

  test('cover every operation together with the core tools', async () => {
    const { byName } = await allTools('admin')
    const missing = OPERATION_LIST.map(({ name }) => name).filter((name) => !byName.has(name.replace('.', '_')))
    expect(missing).toEqual([
      'task.create',
      'task.show',
      'task.next',
      'task.claim',
      'task.heartbeat',
      'task.milestone',
      'task.block',
      'task.complete',
      'task.fail',
      'task.release',
      'token.issue',
      'token.rotate',
      'escalation.ask',
    ])
  })
})

test('there is a hint for each error, in one or two sentences', () => {
  for (const code of Object.keys(ERRORS) as ErrorCode[]) expect(HINTS[code]).toMatch(/^[A-Z].{5,120}\.$/)
})

test('a listing says nothing that says nothing', () => {
  const { inputSchema, outputSchema } = listingOf(
    tool({
      name: 'sample',
      description: 'A sample.',
      input: z.strictObject({ count: z.int(), small: z.int().min(0).max(9), anything: z.looseObject({}).optional() }),
      output: z.strictObject({ minimum: z.string() }),
      effect: 'read',
      run: async () => ({ minimum: '' }),
    }),
    false,
  )
  expect(inputSchema).toEqual({
    type: 'object',
    properties: {
      count: { type: 'integer' },
      small: { type: 'integer', minimum: 0, maximum: 9 },
      anything: { type: 'object' },
    },
    required: ['count', 'small'],
    additionalProperties: false,
  })
  expect(outputSchema).toEqual({ type: 'object', properties: { minimum: { type: 'string' } } })
})
