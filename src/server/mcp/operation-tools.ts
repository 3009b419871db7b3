import * as z from 'zod'
import type { FabricOperations } from '../../client/client.js'
import type { Role } from '../../model/principal.js'
import { type NamedOperation, OPERATION_LIST } from '../../operations/table.js'
import { type Tool, tool } from './tool.js'

/** Operations that the core tools do already. */
const IN_CORE: ReadonlySet<string> = new Set([
  'task.next',
  'task.claim',
  'task.heartbeat',
  'task.milestone',
  'task.complete',
  'task.release',
  'task.fail',
  'task.block',
  'task.create',
  'task.show',
  'escalation.ask',
])

/** What answers a secret is no tool: the transcript of a model is no place for one. */
const SECRET: ReadonlySet<string> = new Set(['token.issue', 'token.rotate'])
const SECRET_FIELDS: Readonly<Record<string, readonly string[]>> = { 'swarm.register': ['token', 'ttlMs'] }

/** Of those that change something, the ones that take something away. */
const ENDS: ReadonlySet<string> = new Set([
  'task.cancel',
  'swarm.retire',
  'breaker.trip',
  'token.revoke',
  'blob.delete',
  'witness.rotate',
])

/**
 * The other operations of the table as tools: `task.list` is `task_list`. A swarm is told of no field that names it.
 */
export function operationTools(isSwarm: boolean, mayCall: (least: Role) => boolean): Tool[] {
  return OPERATION_LIST.filter(({ name, role }) => !IN_CORE.has(name) && !SECRET.has(name) && mayCall(role)).map(
    (row) => toolOf(row, isSwarm),
  )
}

function toolOf(operation: NamedOperation, isSwarm: boolean): Tool {
  const { name, summary, input, output, mutates, keyed, speaksAs } = operation
  const own = isSwarm ? speaksAs : undefined
  return tool({
    name: name.replace('.', '_'),
    description: summary,
    input: without(input, ['as', own, ...(SECRET_FIELDS[name] ?? [])]),
    output,
    effect: ENDS.has(name) ? 'end' : !mutates ? 'read' : keyed ? 'add' : 'repeat',
    waits: 'waitMs' in input.shape,
    run: ({ fabric, signal, swarm }, given) =>
      call(fabric, name, own === undefined ? given : { ...given, [own]: swarm() }, signal),
  })
}

function without({ shape }: z.ZodObject, fields: readonly (string | undefined)[]): z.ZodObject {
  return z.strictObject(Object.fromEntries(Object.entries(shape).filter(([field]) => !fields.includes(field))))
}

function call(fabric: FabricOperations, name: string, input: object, signal: AbortSignal): Promise<never> {
  type Call = (input: object, options: { signal: AbortSignal }) => Promise<never>
  const resources = fabric as unknown as Record<string, Record<string, Call>>
  const [resource = '', verb = ''] = name.split('.')
  const run = resources[resource]?.[verb]
  if (run === undefined) throw new TypeError(`${name} is not an operation of this client`)
  return run(input, { signal })
}
