import * as z from 'zod'
import type { EntryInterest } from '../../fabric/interest.js'
import { FabricError } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'
import * as field from '../../operations/fields.js'
import { parseInput } from '../../operations/input.js'
import { ENTRY_KINDS } from '../../witness/query/entry-kinds.js'

const position = z.string().regex(/^(-1|\d{1,15})$/, { error: 'must be an index of the log' })
const entryName = z.string().refine((name) => ENTRY_KINDS.has(name), {
  error: 'is not the name of an entry, such as task_claimed',
})

/** Names of which one must match: repeated, or with commas between. */
function namesOf(name: z.ZodType<string>) {
  const separate = (stated: unknown) => (typeof stated === 'string' ? stated.split(',') : stated)
  const error = `takes at most ${LIMITS.eventNames} names`
  const list = z.preprocess(
    (stated) => (Array.isArray(stated) ? stated.flatMap(separate) : separate(stated)),
    z.array(name).min(1).max(LIMITS.eventNames, { error }),
  )
  return list.transform((names) => new Set(names)).optional()
}

const streamInput = z.strictObject({
  from: position.optional(),
  'Last-Event-ID': position.optional(),
  swarm: namesOf(field.id),
  task: namesOf(field.id),
  type: namesOf(entryName),
})

export interface StreamRequest {
  /** Index of the first entry that is wanted; absent for what comes now. */
  readonly from: number | undefined
  /** Absent when everything is. */
  readonly interest: EntryInterest | undefined
}

/** Reads what a stream is asked for; `entries` is the size of the log. Throws INVALID_ARGUMENT. */
export function readStreamRequest(query: unknown, lastId: string | undefined, entries: number): StreamRequest {
  const stated = { ...(query as Record<string, unknown>), ...(lastId !== undefined && { 'Last-Event-ID': lastId }) }
  const { from, 'Last-Event-ID': last, swarm, task, type } = parseInput(streamInput, stated)
  const first = last !== undefined ? Number(last) + 1 : from !== undefined ? Number(from) : undefined
  if (first !== undefined && !(first >= 0 && first <= entries)) {
    const message = `The log has ${entries} entries; it cannot be followed from ${first}.`
    throw new FabricError('INVALID_ARGUMENT', message, {
      field: last === undefined ? 'from' : 'Last-Event-ID',
      entries,
    })
  }
  const interest = {
    ...(swarm !== undefined && { swarms: swarm }),
    ...(task !== undefined && { tasks: task }),
    ...(type !== undefined && { types: type }),
  }
  return { from: first, interest: Object.keys(interest).length === 0 ? undefined : interest }
}
