import { LIMITS } from '../model/limits.js'
import { SecretFields } from '../witness/redact/secret-fields.js'
import type { Redactor } from '../witness/redact.js'
import type { LogFields } from './logging.js'

const REDACTED = '[redacted]'
const TOO_DEEP = '[nested too deeply]'
/** These are of the line itself. */
const RESERVED: ReadonlySet<string> = new Set(['level', 'time', 'message'])

/**
 * Makes fields of a log line harmless: what stands under the name of a secret goes, wherever it is, and so does what looks
 * like one in any text. A list of paths, as loggers have it, misses the path that nobody thought of.
 */
export class LogRedaction {
  readonly #redactor: Redactor
  readonly #secrets = new SecretFields()

  constructor(redactor: Redactor) {
    this.#redactor = redactor
  }

  text(text: string): string {
    const short = text.length > LIMITS.logTextChars ? `${text.slice(0, LIMITS.logTextChars)}…` : text
    return this.#redactor.redactText(short)
  }

  fields(fields: LogFields): LogFields {
    const safe: Record<string, unknown> = {}
    for (const [key, value] of Object.entries(fields)) {
      if (value !== undefined) safe[RESERVED.has(key) ? `${key}_` : key] = this.#field(key, value, 0)
    }
    return safe
  }

  #field(key: string, value: unknown, depth: number): unknown {
    return this.#secrets.kindOf(key) !== undefined && isSecretValue(value) ? REDACTED : this.#value(value, depth)
  }

  #value(value: unknown, depth: number): unknown {
    if (typeof value === 'string') return this.text(value)
    if (typeof value === 'bigint' || typeof value === 'symbol' || typeof value === 'function') return String(value)
    if (typeof value !== 'object' || value === null) return value
    if (depth >= LIMITS.logDepth) return TOO_DEEP
    if (value instanceof Error) return this.#error(value, depth)
    if (Array.isArray(value)) return value.slice(0, LIMITS.logItems).map((item) => this.#value(item, depth + 1))
    const entries = Object.entries(value).slice(0, LIMITS.logItems)
    return Object.fromEntries(entries.map(([key, item]) => [key, this.#field(key, item, depth + 1)]))
  }

  #error(error: Error, depth: number): LogFields {
    const { name, message, stack, cause } = error
    return {
      name,
      message: this.text(message),
      ...('code' in error && { code: this.#value(error.code, depth + 1) }),
      ...(stack !== undefined && { stack: this.text(stack) }),
      ...(cause !== undefined && { cause: this.#value(cause, depth + 1) }),
    }
  }
}

/** A number or a truth value under such a name counts or switches something. */
function isSecretValue(value: unknown): boolean {
  return typeof value === 'string' ? value !== '' : typeof value === 'object' && value !== null
}
