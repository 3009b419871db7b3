import type { AllowedHost } from '../contract/contract.js'

/** What is put into a header of requests to an endpoint, on their way out. */
export interface Injection {
  /** Of the secret in the vault. The value is nowhere but there and in the request. */
  readonly name: string
  /** Header that carries it, in lower case, such as `authorization`. */
  readonly header: string
  /** What stands before it, such as `Bearer `. */
  readonly prefix?: string
}

/** A place that requests may go to under a credential. */
export interface CredentialEndpoint extends AllowedHost {
  /** Not called a secret: the redactor takes out of commands whatever stands in a field of such a name. */
  readonly inject?: Injection
}

/** Whom a credential is for: the claim that `epoch` names. */
export interface CredentialHolder {
  readonly swarm: string
  readonly task: string
  readonly epoch: number
}

/** A short-lived right of one claim to send requests to some endpoints. It ends with its time or with the claim. */
export interface CredentialRow extends CredentialHolder {
  readonly id: string
  /** An empty list allows nothing. */
  readonly endpoints: readonly CredentialEndpoint[]
  readonly issuedAt: number
  /** Actor that issued it. */
  readonly issuedBy: string
  /** Milliseconds since the Unix epoch: from then on it allows nothing. */
  readonly expiresAt: number
  /** The credential in whose place it is, after a rotation. */
  readonly replaces?: string
}

/** Whether its time is not over, by the clock of the fabric. */
export function isLive(credential: Pick<CredentialRow, 'expiresAt'>, now: number): boolean {
  return now < credential.expiresAt
}

/** Whether it is a right of exactly this claim. */
export function isHeldBy(credential: CredentialHolder, { swarm, task, epoch }: CredentialHolder): boolean {
  return credential.swarm === swarm && credential.task === task && credential.epoch === epoch
}
