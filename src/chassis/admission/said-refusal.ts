import { z } from 'zod'
import type { FabricError } from '../../model/errors.js'
import { REFUSAL_REASONS, refuseModule } from '../refusal.js'

const count = z.number().int().nonnegative()

/** What a process may say of a refusal: the details of the error, without the words that follow from them. */
const saidRefusal = z.object({
  reason: z.enum(REFUSAL_REASONS),
  what: z.string().max(4_096),
  offset: count.exactOptional(),
  cap: z.string().max(64).exactOptional(),
  found: count.exactOptional(),
  limit: count.exactOptional(),
})

/** The refusal again, in our words: a process that looked at hostile bytes may say anything. */
export function readRefusal(content: Uint8Array): FabricError {
  const said = saidRefusal.safeParse(parsed(content))
  if (!said.success) return refuseModule('not_validated', 'the process that admits modules said what cannot be')
  const { reason, what, ...details } = said.data
  return refuseModule(reason, what.replace(/\p{Cc}/gu, '?'), details)
}

function parsed(content: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(content).toString())
  } catch {
    return undefined
  }
}
