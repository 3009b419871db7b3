import { type ErrorCode, FabricError } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'
import { SECRET_NAME } from '../credential/endpoint-schema.js'

/** Where secrets are. They are read when a request needs one, and nothing in this program writes one down. */
export interface Vault {
  /**
   * The secret of a name, as it is now. Throws NOT_FOUND, FORBIDDEN where the vault does not give it, UNAVAILABLE where it
   * does not answer, and INVALID_ARGUMENT for a name or a configuration that is none. No error holds a value.
   */
  secret(name: string, signal?: AbortSignal): Promise<string>

  /** The upstream did not take the secret: it is read anew the next time. */
  forget(name: string): void
}

/** What is wrong, one word for `details.reason`. */
type VaultFault =
  | 'name'
  | 'missing'
  | 'value'
  | 'permissions'
  | 'unreadable'
  | 'denied'
  | 'sealed'
  | 'unreachable'
  | 'timeout'
  | 'answer'
  | 'redirect'

export function vaultError(code: ErrorCode, reason: VaultFault, message: string, options?: ErrorOptions): FabricError {
  return new FabricError(code, message, { reason }, options)
}

/** Throws INVALID_ARGUMENT for what is no name of a secret: no vault is asked for anything else. */
export function requireSecretName(name: string): string {
  if (SECRET_NAME.test(name)) return name
  const message = 'That is no name of a secret. Use small letters, digits, - and _, at most 64.'
  throw vaultError('INVALID_ARGUMENT', 'name', message)
}

/** Throws INVALID_ARGUMENT for a value that no header can carry (RFC 9110), or that could not be kept out of texts. */
export function requireSecretValue(name: string, value: string): string {
  const { leastSecretChars: least, secretChars: most } = LIMITS
  if (value.length < least || value.length > most) {
    throw vaultError('INVALID_ARGUMENT', 'value', `The secret ${name} does not have ${least} to ${most} characters.`)
  }
  if (/^[!-~](?:[ -~]*[!-~])?$/.test(value)) return value
  const message = `The secret ${name} has characters that no header can carry. Store it without line breaks and spaces around it.`
  throw vaultError('INVALID_ARGUMENT', 'value', message)
}
