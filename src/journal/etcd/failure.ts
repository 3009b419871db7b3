import { status } from '@grpc/grpc-js'
import { FabricError } from '../../model/errors.js'

/** An error as gRPC gives it. */
interface CallError {
  readonly code: number
  readonly details: string
}

/** What a failed call says. `lost`: whether it was carried out is not known. `stranger`: etcd wants to know anew who asks. */
export type Failure = 'lost' | 'stranger' | 'refused'

/** With these etcd has decided: to ask again would give the same answer. */
const DECIDED: readonly number[] = [
  status.INVALID_ARGUMENT,
  status.NOT_FOUND,
  status.ALREADY_EXISTS,
  status.PERMISSION_DENIED,
  status.FAILED_PRECONDITION,
  status.OUT_OF_RANGE,
  status.UNIMPLEMENTED,
  status.UNAUTHENTICATED,
]

/** Words of etcd's errors, which share their codes with others. */
const STRANGER = /invalid auth token|auth store is old/
const NO_SPACE = /database space exceeded/
const NO_USER = /user name is empty|invalid user ID or password|invalid auth token/
const COMPACTED = /has been compacted/
const MADE = /lease already exists/

export function failureOf(error: unknown): Failure {
  const { code, details } = callError(error)
  if (STRANGER.test(details)) return 'stranger'
  return DECIDED.includes(code) || NO_SPACE.test(details) ? 'refused' : 'lost'
}

/** Whether revisions were asked for, or to be removed, that are removed already. */
export function isCompacted(error: unknown): boolean {
  return COMPACTED.test(callError(error).details)
}

/** Whether a lease was to be made that there is already. */
export function isMade(error: unknown): boolean {
  return MADE.test(callError(error).details)
}

/** No member answers, or not yet. The journal finds them again by itself. */
export function unreachable(servers: readonly string[], cause?: unknown): FabricError {
  const reason = cause === undefined ? '' : ` (${reasonOf(cause)})`
  const message = `The etcd members ${servers.join(', ')} do not answer${reason}. Check that a majority of them runs; then try again.`
  return new FabricError('UNAVAILABLE', message, { servers }, { cause })
}

/** etcd said no. */
export function refused(cause: unknown): FabricError {
  const { code, details } = callError(cause)
  const reason = `etcd refused what the journal needs: ${reasonOf(cause)}.`
  if (NO_USER.test(details)) {
    const message = `${reason} Give a file with user:password of a user that etcd knows, then try again.`
    return new FabricError('UNAUTHENTICATED', message, {}, { cause })
  }
  if (code === status.PERMISSION_DENIED) {
    const message = `${reason} Give its role readwrite on the keys that the reference of the journal lists, then try again.`
    return new FabricError('FORBIDDEN', message, {}, { cause })
  }
  const advice = NO_SPACE.test(details)
    ? 'Its quota is used up: compact and defragment it or raise --quota-backend-bytes, then disarm the alarm; keep archives so that it stays small'
    : 'Check its log and its limits, then try again'
  return new FabricError('STORAGE_FAILED', `${reason} ${advice}.`, {}, { cause })
}

/** The keys in etcd are not the log that this process, or its directory, has seen. */
export function diverged(name: string, what: string): FabricError {
  const message = `Log ${name} in etcd ${what}. Restore etcd from a backup that has it, or name another log.`
  return new FabricError('LOG_DIVERGED', message, { name })
}

/** A key holds what it must not. */
export function corrupt(key: string, what: string): FabricError {
  const message = `Key ${key} in etcd is damaged: ${what}. Restore etcd from a backup.`
  return new FabricError('DATA_CORRUPT', message, { key })
}

/** Entries that etcd has no more are asked of a process that has no copy of them. */
export function trimmed(from: number, begin: number): FabricError {
  const message = `etcd has removed the entries before ${begin}, and this process has no copy of entry ${from}. Stop it and restore its directory from that of a process which has the whole log, then start it again.`
  return new FabricError('LOG_TRIMMED', message, { from, begin })
}

function callError(error: unknown): CallError {
  const known = error instanceof Error && 'code' in error && typeof error.code === 'number'
  if (!known) return { code: status.UNKNOWN, details: error instanceof Error ? error.message : String(error) }
  return { code: error.code as number, details: 'details' in error ? String(error.details) : '' }
}

function reasonOf(error: unknown): string {
  const { details } = callError(error)
  return details.replace(/^etcdserver: /, '')
}
