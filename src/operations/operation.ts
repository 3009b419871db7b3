import type * as z from 'zod'
import type { Fabric, Origin } from '../fabric/fabric.js'
import { swarmActor } from '../model/entry.js'

/** Rights from the least to the most; each role may do everything that the ones before it may. */
export const ROLES = ['viewer', 'swarm', 'orchestrator', 'admin'] as const
type Role = (typeof ROLES)[number]

type Method = 'GET' | 'POST' | 'PUT'

/** What an operation runs with, whichever way the call came in. */
interface OperationContext {
  readonly fabric: Fabric
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
  readonly method: Method
  /** `:name` segments are fields of the input; the other fields are the query of a GET, else the JSON body. */
  readonly path: `/v1/${string}`
  /** Always strict: a field that it does not name is refused. */
  readonly input: Input
  readonly output: Output
  readonly example: z.input<Input>
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

/** The origin of a call that speaks for a swarm. */
export function speakingAs(origin: Origin, swarm: string | undefined): Origin {
  return swarm === undefined ? origin : { ...origin, actor: swarmActor(swarm) }
}
