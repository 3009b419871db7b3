import type { Fabric, Origin } from '../fabric/fabric.js'
import type { OperationOutcome } from '../fabric/meter.js'
import { swarmActor } from '../model/entry.js'
import { FabricError, isFabricError } from '../model/errors.js'
import { isAtLeast, type Principal } from '../model/principal.js'
import { ORCHESTRATOR } from '../model/swarm.js'
import { SECOND_MS } from '../model/time.js'
import { tokenEnded } from '../model/token.js'
import { as } from './fields.js'
import { parseInput } from './input.js'
import type { NamedOperation } from './table.js'

/** Who calls, and what travels with the call. */
export interface Caller {
  readonly principal: Principal
  /** Aborts when the caller is gone. */
  readonly signal: AbortSignal
  /** W3C trace context. */
  readonly traceparent?: string
  readonly idempotencyKey?: string
}

/**
 * Runs an operation for a caller, whichever way the call came in: checks its role and for whom it speaks, then the input.
 * What is refused here is recorded. Throws a coded `FabricError`.
 */
export async function invoke(
  operation: NamedOperation,
  fabric: Fabric,
  caller: Caller,
  input: unknown,
): Promise<unknown> {
  const begun = performance.now()
  const tell = (outcome: OperationOutcome) =>
    fabric.meter.operated(operation.name, outcome, (performance.now() - begun) / SECOND_MS)
  try {
    const result = await run(operation, fabric, caller, input)
    tell('done')
    return result
  } catch (error) {
    tell(isFabricError(error) && error.code !== 'INTERNAL' ? 'refused' : 'failed')
    throw error
  }
}

async function run(operation: NamedOperation, fabric: Fabric, caller: Caller, input: unknown): Promise<unknown> {
  const { principal, signal, ...travelling } = caller
  const actor = principal.actor
  let asked: Spoken
  try {
    // A body may take long to arrive, and a token may end meanwhile.
    if (!fabric.stillKnows(principal)) throw tokenEnded()
    requireRole(operation, principal)
    asked = speaking(operation, principal, input)
  } catch (error) {
    if (isFabricError(error)) await fabric.noteRefusal({ code: error.code, operation: operation.name, actor })
    throw error
  }
  const origin: Origin = { ...travelling, actor: asked.swarm === undefined ? actor : swarmActor(asked.swarm) }
  const spoken = asked.swarm === undefined || asked.swarm === principal.swarm ? origin : { ...origin, principal: actor }
  return operation.run({ fabric, principal, signal, origin: spoken }, parseInput(operation.input, asked.input))
}

function requireRole({ name, role: least }: NamedOperation, { actor, role }: Principal): void {
  if (isAtLeast(role, least)) return
  const message = `${name} asks for the role ${least}; ${actor} has the role ${role}. Use a token of that role.`
  throw new FabricError('FORBIDDEN', message, { role, least })
}

interface Spoken {
  readonly input: unknown
  /** The swarm that is spoken for. */
  readonly swarm?: string
}

/**
 * A swarm speaks for itself, named or not. An administrator may speak for any swarm, and the log says so. Everybody else
 * speaks only for themselves.
 */
function speaking({ speaksAs, input: { shape } }: NamedOperation, principal: Principal, input: unknown): Spoken {
  const field = speaksAs ?? (shape.as === as ? 'as' : undefined)
  if (field === undefined || typeof input !== 'object' || input === null || Array.isArray(input)) return { input }
  const fields = input as Readonly<Record<string, unknown>>
  const named = fields[field]
  const own = principal.swarm
  if (own !== undefined) {
    if (named === undefined) return { input: { ...fields, [field]: own }, swarm: own }
    if (named === own) return { input, swarm: own }
    throw notYours(field, `This token speaks for ${own}`)
  }
  // An epoch speaks for the swarm whose claim it names.
  if (principal.role !== 'admin' && fields.epoch !== undefined)
    throw notYours('epoch', `${principal.actor} is no swarm`)
  // What is not an id at all is for the schema to refuse.
  if (typeof named !== 'string' || named === ORCHESTRATOR) return { input }
  if (principal.role === 'admin') return { input, swarm: named }
  throw notYours(field, `${principal.actor} is no swarm`)
}

function notYours(field: string, who: string): FabricError {
  const message = `${who}, and nobody speaks for another swarm. Leave ${field} out, or use the token of that swarm.`
  return new FabricError('FORBIDDEN', message, { field })
}
