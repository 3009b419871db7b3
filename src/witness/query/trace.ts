import { FabricError } from '../../model/errors.js'
import type { EntryFilter } from './filter.js'
import { type Ask, TraceReader } from './trace-reader.js'
import { requestTree } from './trace-request.js'
import { swarmTree } from './trace-swarm.js'
import { taskTree } from './trace-task.js'
import type { GrowingTree, TraceNode } from './trace-tree.js'

/** What a trace can be of. `trace` is a W3C trace id. */
export const TRACE_KINDS = ['task', 'swarm', 'trace'] as const
export type TraceKind = (typeof TRACE_KINDS)[number]

/** Everything that led to a task, a swarm or the entries of a traced request, as a tree. */
export interface Trace {
  readonly kind: TraceKind
  readonly id: string
  /** What else has this name. */
  readonly also: readonly TraceKind[]
  /** Entries in the log when it was read. */
  readonly size: number
  /** Lines of the tree. */
  readonly nodes: number
  /** False when something is missing, which the tree names where it is missing. */
  readonly complete: boolean
  readonly root: TraceNode
}

/**
 * Tells what led to `id`: a task before a swarm before a trace id, unless `as` says which. Throws NOT_FOUND when the log
 * has no such thing, and INVALID_ARGUMENT when it is to be a trace id and has not its form.
 */
export async function traceOf(ask: Ask, id: string, as?: TraceKind): Promise<Trace> {
  const reader = new TraceReader(ask)
  const known = await kindsOf(reader, id)
  const kind = as ?? known[0] ?? (await mentionedAs(reader, id))
  if (kind === undefined || (!known.includes(kind) && !(await reader.finds(mentionFilter(kind, id))))) {
    throw notFound(id, as, reader.size)
  }
  const tree = await tell(reader, kind, id)
  const { root, nodes, complete } = tree
  return { kind, id, also: known.filter((other) => other !== kind), size: reader.size, nodes, complete, root }
}

async function tell(reader: TraceReader, kind: TraceKind, id: string): Promise<GrowingTree> {
  switch (kind) {
    case 'task':
      return taskTree(id, await reader.task(id))
    case 'swarm': {
      const { own, tasks } = await reader.swarm(id)
      return swarmTree(id, own, tasks)
    }
    case 'trace': {
      const trace = requireTraceId(id)
      return requestTree(trace, await reader.story({ trace }))
    }
  }
}

/** What the log says there is of this name. */
async function kindsOf(reader: TraceReader, id: string): Promise<TraceKind[]> {
  const trace = traceIdIn(id)
  const kinds: TraceKind[] = []
  if (await reader.finds({ task: id, operation: 'task_created' })) kinds.push('task')
  if (await reader.finds({ swarm: id, operation: 'swarm_registered' }, id)) kinds.push('swarm')
  if (trace !== undefined && (await reader.finds({ trace }))) kinds.push('trace')
  return kinds
}

/** Refusals and messages name things that never came to be. */
async function mentionedAs(reader: TraceReader, id: string): Promise<TraceKind | undefined> {
  for (const kind of ['task', 'swarm'] as const) if (await reader.finds(mentionFilter(kind, id))) return kind
  return undefined
}

function mentionFilter(kind: TraceKind, id: string): EntryFilter {
  return kind === 'trace' ? { trace: requireTraceId(id) } : { [kind]: id }
}

const TRACE_ID = /^[0-9a-f]{32}$/i
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/i

/** The trace id that a text is, or that the `traceparent` has which it is. */
function traceIdIn(text: string): string | undefined {
  const id = TRACE_ID.test(text) ? text : TRACEPARENT.exec(text)?.[1]
  return id?.toLowerCase()
}

function requireTraceId(text: string): string {
  const id = traceIdIn(text)
  if (id !== undefined) return id
  throw new FabricError(
    'INVALID_ARGUMENT',
    'That is not a W3C trace id. Give its 32 hexadecimal digits, or a whole traceparent.',
    { field: 'id' },
  )
}

const LISTS = { task: 'ifab task list', swarm: 'ifab swarm list', trace: 'ifab log' } as const

function notFound(id: string, as: TraceKind | undefined, size: number): FabricError {
  const sought: TraceKind[] =
    as !== undefined ? [as] : traceIdIn(id) === undefined ? ['task', 'swarm'] : [...TRACE_KINDS]
  const things = sought.map((kind) => (kind === 'trace' ? 'trace id' : kind)).join(' or ')
  const lists = sought.map((kind) => `\`${LISTS[kind]}\``).join(' or ')
  const message = `None of the ${size} entries of the log is about a ${things} ${id}. Look it up with ${lists}.`
  return new FabricError('NOT_FOUND', message, { id, sought, size })
}
