import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream'
import { errors } from '@nats-io/transport-node'
import { FabricError } from '../../model/errors.js'

/** The connection broke while an answer was awaited. */
export class Disconnected extends Error {}

/**
 * What became of a request that failed. `lost`: it may have been carried out. `nobody`: no server took it. `taken`: the
 * stream has another last sequence. `missing`: there is no such stream. `denied`: the permissions forbid it. `refused`:
 * the server would not.
 */
export type Failure = 'lost' | 'nobody' | 'taken' | 'missing' | 'denied' | 'refused'

/** Answers of a cluster that is between two leaders: whether the request was carried out is not said. */
const BETWEEN_LEADERS: readonly number[] = [10_006, 10_008, 10_009, 10_118]
const TAKEN: readonly number[] = [
  JetStreamApiCodes.StreamWrongLastSequence,
  JetStreamApiCodes.StreamWrongLastSequenceUnknown,
]

export function failureOf(error: unknown): Failure {
  if (error instanceof JetStreamApiError) {
    if (TAKEN.includes(error.code)) return 'taken'
    if (error.code === JetStreamApiCodes.StreamNotFound) return 'missing'
    return BETWEEN_LEADERS.includes(error.code) ? 'lost' : 'refused'
  }
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof errors.NoRespondersError) return 'nobody'
    if (cause instanceof errors.PermissionViolationError) return 'denied'
    if (cause instanceof JetStreamApiError) return 'refused'
  }
  return 'lost'
}

/** The servers do not answer, or not yet. The journal finds them again by itself. */
export function unreachable(servers: readonly string[], cause?: unknown): FabricError {
  const reason = cause instanceof Error && cause.message !== '' ? ` (${cause.message})` : ''
  const message = `The NATS servers ${servers.join(', ')} do not answer${reason}. Check that they run and hold the stream; then try again.`
  return new FabricError('UNAVAILABLE', message, { servers }, { cause })
}

/** The server said no, or the permissions did. */
export function refused(stream: string, cause: unknown): FabricError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  const advice =
    failureOf(cause) === 'denied'
      ? 'Give this user the permissions that the reference of the journal lists'
      : 'Check the disk and the limits of the server'
  const message = `The NATS server refused what stream ${stream} needs: ${reason}. ${advice}, then try again.`
  return new FabricError('STORAGE_FAILED', message, { stream }, { cause })
}

/** The stream is not the log that this process has read and written. */
export function diverged(stream: string, what: string): FabricError {
  const message = `Stream ${stream} ${what}: acknowledged entries are lost. Restore the stream from a backup.`
  return new FabricError('LOG_DIVERGED', message, { stream })
}

/**
 * Another writer wrote between the parts of a batch, which therefore does not count. The log has the expected size
 * still.
 */
export function interrupted(size: number): FabricError {
  const message = `Another writer wrote at entry ${size} at the same time. Nothing of the batch counts: decide again.`
  return new FabricError('FENCED', message, { expected: size, actual: size })
}
