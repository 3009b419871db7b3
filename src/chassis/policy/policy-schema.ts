import * as z from 'zod'
import { isFabricError } from '../../model/errors.js'
import { ID_PATTERN } from '../../model/ids.js'
import { LIMITS } from '../../model/limits.js'
import { parseVkey } from '../../witness/note/verifier.js'
import { SecretFields } from '../../witness/redact/secret-fields.js'
import { EXACT_VERSION } from '../contract/contract.js'
import { completeEndpoints } from '../credential/endpoint-schema.js'
import { JAIL_LEVELS } from '../jail/levels.js'

const secretFields = new SecretFields()

/** A swarm as the key of a map. What stands under the name of a secret is taken out of commands, so there can be none. */
export const swarmKey = z
  .string()
  .regex(ID_PATTERN, { error: 'is no id of a swarm.' })
  .refine((id) => secretFields.kindOf(id) === undefined, {
    error: 'ends in a word for secrets, and what stands under such a name is kept out of the log. Use another id.',
  })

/** A key whose signature of a contract counts. */
export const trustedKey = z
  .string()
  .max(LIMITS.titleChars)
  .superRefine((vkey, context) => {
    const problem = problemOf(vkey)
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem })
  })

function problemOf(vkey: string): string | undefined {
  try {
    return parseVkey(vkey).type === 'ed25519' ? undefined : 'is a key for cosignatures. Name an Ed25519 key (type 1).'
  } catch (error) {
    if (!isFabricError(error, 'INVALID_ARGUMENT')) throw error
    return `is no verifier key: ${error.details.reason}. Copy the whole vkey from whoever publishes it.`
  }
}

export const exactVersion = z
  .string()
  .max(LIMITS.titleChars)
  .regex(EXACT_VERSION, { error: 'is no exact version. Write one such as 1.2.3.' })

/** The JSON form of what a policy says about modules, complete and strict. */
export const chassisPolicyShape = z.strictObject({
  requireSignature: z.boolean(),
  requirePinnedVersion: z.boolean(),
  trustedKeys: z.array(trustedKey).max(LIMITS.listItems),
  pinnedVersions: z.record(swarmKey, exactVersion),
  minimumJail: z.enum(JAIL_LEVELS).exactOptional(),
  grants: z.record(swarmKey, completeEndpoints),
})
