import type { FabricOperations } from '../client/client.js'
import type { Fabric } from '../fabric/fabric.js'
import { type Caller, invoke } from '../operations/invoke.js'
import { OPERATION_LIST } from '../operations/table.js'

type Input = Readonly<Record<string, unknown>>
interface Options {
  readonly signal?: AbortSignal
  readonly idempotencyKey?: string
}

/** The operations of a fabric in this process for one caller, as the typed client has them for one over HTTP. */
export function operationsOf(fabric: Fabric, { idempotencyKey: _, ...caller }: Caller): FabricOperations {
  const resources: Record<string, Record<string, unknown>> = {}
  for (const operation of OPERATION_LIST) {
    const [resource = '', verb = ''] = operation.name.split('.')
    const call = (input: Input = {}, { signal = caller.signal, idempotencyKey }: Options = {}) =>
      invoke(
        operation,
        fabric,
        { ...caller, signal, ...(idempotencyKey !== undefined && { idempotencyKey }) },
        given(input),
      )
    resources[resource] = { ...resources[resource], [verb]: call }
  }
  return resources as unknown as FabricOperations
}

/** What is undefined counts as left out, as it does in JSON. */
function given(input: Input): Input {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined))
}
