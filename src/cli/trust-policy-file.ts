import { FabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import type { TrustPolicy } from '../witness/note/trust-policy.js'
import { readStart } from './user-file.js'

/** A trust policy named on the command line. Throws INVALID_ARGUMENT with the line that is wrong. */
export async function readTrustPolicy(path: string): Promise<TrustPolicy> {
  const { parseTrustPolicy } = await import('../witness/note/trust-policy.js')
  const content = await readStart(path, LIMITS.trustPolicyBytes)
  try {
    return parseTrustPolicy(content)
  } catch (error) {
    if (!(error instanceof FabricError)) throw error
    throw new FabricError(error.code, `${path}: ${error.message}`, { ...error.details, path }, { cause: error })
  }
}
