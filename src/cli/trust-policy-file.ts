import { createReadStream } from 'node:fs'
import { FabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import type { TrustPolicy } from '../witness/note/trust-policy.js'
import { unreadable } from './user-file.js'

/** A trust policy named on the command line. Throws INVALID_ARGUMENT with the line that is wrong. */
export async function readTrustPolicy(path: string): Promise<TrustPolicy> {
  const { parseTrustPolicy } = await import('../witness/note/trust-policy.js')
  const content = await readStart(path)
  try {
    return parseTrustPolicy(content)
  } catch (error) {
    if (!(error instanceof FabricError)) throw error
    throw new FabricError(error.code, `${path}: ${error.message}`, { ...error.details, path }, { cause: error })
  }
}

/** One byte more than a policy may have, so that the parser says that it is too large; a device may never end. */
async function readStart(path: string): Promise<Buffer> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of createReadStream(path, { end: LIMITS.trustPolicyBytes })) chunks.push(chunk)
  } catch (error) {
    throw unreadable(path, error)
  }
  return Buffer.concat(chunks)
}
