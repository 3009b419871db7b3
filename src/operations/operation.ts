import type * as z from 'zod'
import type { Fabric, Origin } from '../fabric/fabric.js'
import { FabricError } from '../model/errors.js'
import type { Principal, Role } from '../model/principal.js'

type Method = 'GET' | 'POST' | 'PUT'

/** What an operation runs with, whichever way the call came in. */
interface OperationContext {
  readonly fabric: Fabric
  readonly principal: Principal
  /** The caller, or the swarm that it speaks for. */
  readonly origin: Origin
  /** Aborts when the caller is gone, so that a long wait ends with it. */
  readonly signal: AbortSignal
}

/** One thing a caller can ask for. HTTP routes, the typed client and the reference are generated from these. */
export interface Operation<Input extends z.ZodObject = z.ZodObject, Output extends z.ZodType = z.ZodType> {
  /** One line for help texts and references. */
  readonly summary: string
  /** The least role that may call it. */
  readonly role: Role
  /** The field that names the swarm which speaks, where that is not `as`. */
  readonly speaksAs?: string
  readonly method: Method
  /** `:name` segments are fields of the input; the other fields are the query of a GET, else the JSON body. */
  readonly path: `/v1/${string}`
  /** Always strict: a field that it does not name is refused. */
  readonly input: Input
  readonly output: Output
  readonly example: z.input<Input>
  /** The most that its body may have, where that is more than others may. */
  readonly bodyBytes?: number
  /** Whether it may write to the log. */
  readonly mutates: boolean
  /** Whether doing it twice differs from doing it once, so that a retry must carry an idempotency key. */
  readonly keyed: boolean
  run(context: OperationContext, input: z.output<Input>): Promise<z.output<Output>>
}

/** Gives `run` its types from the schemas beside it. */
export function operation<Input extends z.ZodObject, Output extends z.ZodType>(
  row: Operation<Input, Output>,
): Operation<Input, Output> {
  return row
}

/** The swarm that speaks. Throws INVALID_ARGUMENT where a caller that is none names none. */
export function requireSpeaker(as: string | undefined): string {
  if (as !== undefined) return as
  const message = 'as: say for which swarm, or use the token of that swarm.'
  throw new FabricError('INVALID_ARGUMENT', message, { field: 'as' })
}
