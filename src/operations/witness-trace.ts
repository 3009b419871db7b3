import * as z from 'zod'
import { TRACE_KINDS, traceOf } from '../witness/query/trace.js'
import * as field from './fields.js'
import { operation } from './operation.js'

const index = z.int().min(0)
const kind = z.enum(TRACE_KINDS)

/** One line, with what follows from it. `leftOut` lines below it did not fit into the answer. */
const traceNode = z.strictObject({
  index: index.exactOptional(),
  at: z.iso.datetime({ precision: 3 }).exactOptional(),
  actor: z.string().exactOptional(),
  text: z.string(),
  leftOut: index.exactOptional(),
  get children() {
    return z.array(traceNode).readonly()
  },
})

/** `also` has what else is called so; `complete` is false when something is missing, which the tree names. */
const traceView = z.strictObject({
  kind,
  id: z.string(),
  also: z.array(kind).readonly(),
  /** Entries in the log when it was read. */
  size: index,
  /** Lines of the tree. */
  nodes: index,
  complete: z.boolean(),
  root: traceNode,
})

export const trace = operation({
  summary: 'Tell how it came to a task, a swarm, or all that a traced request wrote, as a tree of log entries.',
  role: 'viewer',
  method: 'GET',
  path: '/v1/witness/traces/:id',
  input: z.strictObject({ id: field.id, as: kind.exactOptional() }),
  output: traceView,
  example: { id: 'P0.1.2', as: 'task' },
  mutates: false,
  keyed: false,
  run: async ({ fabric: { witness } }, { id, as }) => traceOf((filter, page) => witness.query(filter, page), id, as),
})

export type TraceView = z.output<typeof traceView>
export type TraceNodeView = z.output<typeof traceNode>
