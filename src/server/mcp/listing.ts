import type { Tool as ToolListing } from '@modelcontextprotocol/server'
import * as z from 'zod'
import { annotationsOf, type Tool } from './tool.js'

/** A tool as `tools/list` shows it. `always` asks clients that load tools on demand to have this one ready. */
export function listingOf({ name, description, input, output, effect }: Tool, always: boolean): ToolListing {
  return {
    name,
    description,
    inputSchema: terse(z.toJSONSchema(input, { io: 'input' })) as ToolListing['inputSchema'],
    outputSchema: anyOf(terse(z.toJSONSchema(output))) as NonNullable<ToolListing['outputSchema']>,
    annotations: annotationsOf(effect),
    ...(always && { _meta: { 'anthropic/alwaysLoad': true } }),
  }
}

/** A failure has other fields, and some clients hold it against the same schema: no field of the answer is required. */
function anyOf({ required: _, additionalProperties: __, ...schema }: Schema): Schema {
  return schema
}

type Schema = Record<string, unknown>

/** Every character of a schema is read by a model: what says nothing is left out. */
function terse(schema: unknown): Schema {
  const { $schema: _, ...rest } = shorten(schema) as Schema
  return rest
}

function shorten(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shorten)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, part]) => !saysNothing(key, part))
      .map(([key, part]) => [key, shorten(part)]),
  )
}

function saysNothing(key: string, value: unknown): boolean {
  if (key === 'minimum') return value === Number.MIN_SAFE_INTEGER
  if (key === 'maximum') return value === Number.MAX_SAFE_INTEGER
  if (key === 'additionalProperties') return typeof value === 'object' || value === true
  return key === 'properties' && typeof value === 'object' && value !== null && Object.keys(value).length === 0
}
