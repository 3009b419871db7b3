/**
 * The one registry of coded errors. Every refusal that leaves InfraFabric carries one of these codes; HTTP, CLI and
 * MCP derive their own form (status, exit code, `isError`) from the same row.
 *
 * `docs/reference/errors.md` lists the same rows; a test holds the two against each other.
 */
export const ERRORS = {
  INVALID_ARGUMENT: { status: 400, exit: 2, retryable: false, summary: 'The input is malformed or out of bounds.' },
  NOT_FOUND: { status: 404, exit: 3, retryable: false, summary: 'No task, swarm, blocker or route has that name.' },
  ALREADY_CLAIMED: { status: 409, exit: 4, retryable: false, summary: 'Another swarm holds the live claim.' },
  STALE_CLAIM: { status: 409, exit: 4, retryable: false, summary: 'The epoch is not that of the live claim.' },
  BLOCKED_BY: { status: 409, exit: 4, retryable: false, summary: 'Dependencies are not completed yet.' },
  WRONG_STATE: { status: 409, exit: 4, retryable: false, summary: 'The task or blocker is not in a state for this.' },
  CONFLICT: {
    status: 409,
    exit: 4,
    retryable: false,
    summary: 'It exists already with other content, or forms a cycle.',
  },
  NOT_ELIGIBLE: { status: 403, exit: 5, retryable: false, summary: 'The swarm does not qualify for this task.' },
  BUDGET_EXCEEDED: { status: 403, exit: 5, retryable: false, summary: 'A budget has no room for this.' },
  BREAKER_OPEN: { status: 403, exit: 5, retryable: false, summary: 'The circuit breaker of the swarm is open.' },
  POLICY_VIOLATION: { status: 403, exit: 5, retryable: false, summary: 'The policy of the fabric forbids this.' },
  MODULE_REFUSED: { status: 422, exit: 5, retryable: false, summary: 'The sandbox does not take this module.' },
  UNAUTHENTICATED: { status: 401, exit: 6, retryable: false, summary: 'No valid token came with the request.' },
  FORBIDDEN: { status: 403, exit: 6, retryable: false, summary: 'The caller, Host or Origin may not do this.' },
  RATE_LIMITED: { status: 429, exit: 7, retryable: true, summary: 'Too much at once; wait and try again.' },
  UNAVAILABLE: { status: 503, exit: 7, retryable: true, summary: 'The fabric cannot answer now; try again.' },
  FENCED: { status: 503, exit: 7, retryable: true, summary: 'Another writer moved the head of the journal.' },
  AMBIGUOUS: { status: 503, exit: 7, retryable: true, summary: 'Whether an append happened must be read back.' },
  DATA_LOCKED: { status: 409, exit: 8, retryable: false, summary: 'Another process owns the data directory.' },
  DATA_CORRUPT: { status: 500, exit: 8, retryable: false, summary: 'Stored data fails its checks.' },
  LOG_DIVERGED: { status: 500, exit: 8, retryable: false, summary: 'The log does not extend what was signed before.' },
  LOG_TRIMMED: { status: 503, exit: 8, retryable: false, summary: 'Entries that this process lacks were removed.' },
  PROOF_INVALID: {
    status: 422,
    exit: 9,
    retryable: false,
    summary: 'A proof, signature or signed note fails its check.',
  },
  DATA_TOO_NEW: { status: 500, exit: 8, retryable: false, summary: 'The data was written by a newer version.' },
  STORAGE_FAILED: { status: 503, exit: 8, retryable: true, summary: 'The disk or server refused a write.' },
  INTERNAL: { status: 500, exit: 1, retryable: false, summary: 'A fault in InfraFabric itself.' },
} as const satisfies Record<string, ErrorRow>

interface ErrorRow {
  /** HTTP status (RFC 9110). */
  readonly status: number
  /** Exit code of the CLI; one per class of error. */
  readonly exit: number
  /** Whether the same request may succeed later without a change. */
  readonly retryable: boolean
  readonly summary: string
}

export type ErrorCode = keyof typeof ERRORS

/** Facts a caller can act on: holder, epoch, path of a field, line of a file. Plain JSON, never a secret. */
export type ErrorDetails = Readonly<Record<string, unknown>>

/** What crosses a boundary: the body of problem+json, `--json` errors and MCP tool errors. */
export interface ErrorReport {
  readonly code: ErrorCode
  readonly message: string
  readonly retryable: boolean
  readonly details: ErrorDetails
}

/** A coded error. The message says what happened and what to do next. */
export class FabricError extends Error {
  override readonly name = 'FabricError'
  readonly code: ErrorCode
  readonly details: ErrorDetails

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.details = details
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable
  }

  report(): ErrorReport {
    return { code: this.code, message: this.message, retryable: this.retryable, details: this.details }
  }
}

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(ERRORS, value)
}

export function isFabricError(error: unknown, code?: ErrorCode): error is FabricError {
  return error instanceof FabricError && (code === undefined || error.code === code)
}

/** Any thrown value as a coded error: what carries no code is a fault of ours. */
export function asFabricError(error: unknown): FabricError {
  if (error instanceof FabricError) return error
  const reason = error instanceof Error ? error.message : String(error)
  return new FabricError('INTERNAL', `A fault in InfraFabric: ${reason}. Please report it.`, {}, { cause: error })
}

/** Marks a state that the code's own logic excludes; seeing it is a bug, so it is never caught and mended. */
export function assertInvariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new FabricError('INTERNAL', `Invariant broken: ${message}. Please report this as a bug.`)
}
