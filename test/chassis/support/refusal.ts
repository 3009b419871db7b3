import { isFabricError } from '../../../src/model/errors.js'
import { parse } from './text.js'

/** Reason of a refusal; throws whatever else comes out. */
export function reasonOf(work: () => unknown): string | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    if (!isFabricError(error, 'MODULE_REFUSED')) throw error
    return String(error.details.reason)
  }
}

/** Why the parser refuses these bytes; undefined when it does not. */
export function refusal(bytes: Uint8Array): string | undefined {
  return reasonOf(() => parse(bytes))
}
