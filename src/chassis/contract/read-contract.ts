import { LIMITS } from '../../model/limits.js'
import { readUserFile } from '../../user-file/user-file.js'
import type { SignedContract } from './contract.js'
import { contractSchema } from './contract-schema.js'

/**
 * Reads contract.yaml. Throws INVALID_ARGUMENT with `details.problems`, one for each thing that is wrong, with its line.
 * Nothing is verified yet: see `judge-contract.ts`.
 */
export function readContract(file: string, source: string): SignedContract {
  return readUserFile({ file, source, maxBytes: LIMITS.contractBytes, schemaFor: () => contractSchema }).value
}
