import { readFile } from 'node:fs/promises'
import { FabricError } from '../model/errors.js'
import { parseTrustPolicy, type TrustPolicy } from '../witness/note/trust-policy.js'
import { unreadable } from './user-file.js'

/** A trust policy named on the command line. Throws INVALID_ARGUMENT with the line that is wrong. */
export async function readTrustPolicy(path: string): Promise<TrustPolicy> {
  const content = await readFile(path).catch((error) => {
    throw unreadable(path, error)
  })
  try {
    return parseTrustPolicy(content)
  } catch (error) {
    if (!(error instanceof FabricError)) throw error
    throw new FabricError(error.code, `${path}: ${error.message}`, { ...error.details, path }, { cause: error })
  }
}
