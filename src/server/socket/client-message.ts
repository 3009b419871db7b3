import * as z from 'zod'
import { FabricError } from '../../model/errors.js'
import { parseInput } from '../../operations/input.js'

const clientMessage = z.strictObject({
  id: z.union([z.string().min(1).max(128), z.int()]),
  operation: z.string().max(128),
  input: z.record(z.string(), z.unknown()).default({}),
  traceparent: z.string().optional(),
  idempotencyKey: z.string().optional(),
})

/** A call. Its `id` comes back with the answer. */
export type ClientMessage = z.output<typeof clientMessage>

export type MessageId = ClientMessage['id']

/** Reads a message of a client. Throws INVALID_ARGUMENT. */
export function readClientMessage(json: unknown): ClientMessage {
  return parseInput(clientMessage, json)
}

/** The id of a message that may be malformed otherwise, so that its sender knows which one an error is about. */
export function idOf(json: unknown): MessageId | null {
  const { success, data } = clientMessage.shape.id.safeParse((json as { id?: unknown } | null)?.id)
  return success ? data : null
}

/** JSON, or the error that it is none; names that could change the prototype of an object are not taken for JSON. */
export function readJson(text: string): unknown {
  try {
    // The name can be written with escapes, so only texts without both are spared the look at every key.
    return /__proto__|\\u/i.test(text) ? JSON.parse(text, refusePrototype) : JSON.parse(text)
  } catch {
    return new FabricError('INVALID_ARGUMENT', 'The message is not valid JSON. Send one JSON object in each message.')
  }
}

function refusePrototype(key: string, value: unknown): unknown {
  if (key === '__proto__') throw new SyntaxError('a name that no field has')
  return value
}
