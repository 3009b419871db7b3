import * as z from 'zod'
import { LIMITS } from '../model/limits.js'
import { COMPONENTS, ENTRY_KINDS } from '../witness/query/entry-kinds.js'
import { parseTime, readFilter } from '../witness/query/filter.js'
import { SEVERITIES } from '../witness/query/severity.js'
import * as field from './fields.js'
import { operation } from './operation.js'
import { logView } from './views.js'

const time = z
  .string()
  .max(LIMITS.titleChars)
  .refine((text) => parseTime(text) !== undefined, {
    error: 'not a time: use RFC 3339, such as 2026-01-31T08:30:00Z',
  })

const entryName = z
  .string()
  .max(LIMITS.titleChars)
  .refine((name) => ENTRY_KINDS.has(name), {
    error: 'not the name of an entry: use one of docs/reference/formats.md, such as task_claimed',
  })

/** All that are given must hold. `severity` is the least; `since` is inclusive, `until` is not. */
const filterFields = {
  component: z.enum(COMPONENTS).exactOptional(),
  operation: entryName.exactOptional(),
  swarm: field.id.exactOptional(),
  task: field.id.exactOptional(),
  severity: z.enum(SEVERITIES).exactOptional(),
  since: time.exactOptional(),
  until: time.exactOptional(),
  trace: z
    .string()
    .regex(/^[0-9a-f]{32}$/, { error: 'not a trace id: use 32 lower-case hexadecimal digits' })
    .exactOptional(),
  text: field.note.exactOptional(),
}

const queryView = logView.extend({
  /** Whether the log has nothing more that matches; a page may be empty without being the last. */
  done: z.boolean(),
  /** What was asked for, so that a result can be checked later. */
  filter: z.strictObject(filterFields),
})

export const query = operation({
  summary: 'Find entries of the log by component, name, swarm, task, severity, time, trace or text, a page at a time.',
  role: 'viewer',
  method: 'GET',
  path: '/v1/witness/entries',
  input: z.strictObject({ ...filterFields, from: field.count.default(0), limit: field.page.limit }),
  output: queryView,
  example: { task: 'API-1', severity: 'notice', since: '2026-01-31T08:30:00Z', limit: 50 },
  mutates: false,
  keyed: false,
  run: async ({ fabric }, { from, limit, ...filter }) => {
    const { entries, ...page } = await fabric.witness.query(readFilter(filter), { from, limit })
    return { entries: entries.map(({ bytes }) => JSON.parse(decoder.decode(bytes))), ...page, filter }
  },
})

const decoder = new TextDecoder()
