/** Why a request of a module has no response, as the module reads it in `error.code`. */
export const EGRESS_CODES = [
  /** The request is not as the format says: its JSON, method, URL, headers or body. */
  'INVALID_REQUEST',
  /** The contract or the credentials do not allow it. */
  'NOT_ALLOWED',
  /** The host is an address, or its name leads to one that is not public. */
  'ADDRESS_REFUSED',
  'RATE_LIMITED',
  /** The request or the response is beyond its limit. */
  'TOO_LARGE',
  /** There was no whole response in time. */
  'TIMEOUT',
  /** The name is not found, nothing answers, the certificate does not hold, or the connection broke. */
  'UNREACHABLE',
  /** What came is no response that can be given to a module. */
  'BAD_RESPONSE',
  'TOO_MANY_REDIRECTS',
  /** The secret that belongs into the request could not be had. */
  'SECRET_UNAVAILABLE',
  /** The call of the module ended. */
  'CANCELLED',
  /** A fault in InfraFabric itself. */
  'INTERNAL',
] as const
export type EgressCode = (typeof EGRESS_CODES)[number]

/** Ends a request of a module. The message is for the author of the module, the cause for the operator. */
export class EgressRefusal extends Error {
  override readonly name = 'EgressRefusal'
  readonly code: EgressCode

  constructor(code: EgressCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
