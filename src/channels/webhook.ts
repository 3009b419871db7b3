import type { EscalationSeverity } from '../model/escalation.js'
import { type Clock, SECOND_MS } from '../model/time.js'
import { type Channel, errorCode, refused, unreachable } from './channel.js'
import { deliveryId, type Notice } from './notice.js'
import { sign } from './signature.js'
import { webhookBody } from './webhook-body.js'

export interface WebhookOptions {
  readonly name: string
  readonly minSeverity: EscalationSeverity
  /** May itself be a secret. */
  readonly url: URL
  /** Signs each request; without it there is no signature. */
  readonly key: Uint8Array | undefined
  readonly clock: Clock
}

/**
 * Sends notices as Standard Webhooks 1.0.0 says: `webhook-id` is the same for each attempt, `webhook-timestamp` is that of
 * the attempt, `webhook-signature` covers both and the body. Any 2xx is success; 408, 429, 5xx and silence are worth
 * another attempt; redirects are not followed and, like all else, final.
 */
export class Webhook implements Channel {
  readonly name: string
  readonly minSeverity: EscalationSeverity
  readonly #options: WebhookOptions

  constructor(options: WebhookOptions) {
    this.name = options.name
    this.minSeverity = options.minSeverity
    this.#options = options
  }

  async deliver(notice: Notice, signal: AbortSignal): Promise<void> {
    const response = await this.#post(notice, signal)
    // Nothing in an answer is of use, so none of it is read, however long it is.
    response.body?.cancel().catch(() => {})
    const { status } = response
    if (response.ok) return
    if (status === 408 || status === 429 || status >= 500) {
      const pauseMs = retryAfterMs(response.headers.get('retry-after'), this.#options.clock.now())
      throw unreachable(`The receiver answers ${status}.`, pauseMs)
    }
    if (status >= 300 && status < 400) {
      throw refused(`The receiver answers ${status}, a redirect, which is not followed. Configure the new URL.`)
    }
    throw refused(`The receiver answers ${status}. Check the URL of the channel, and whether it is still in use.`)
  }

  async #post(notice: Notice, signal: AbortSignal): Promise<Response> {
    const { url, key, clock } = this.#options
    const body = webhookBody(notice)
    const id = deliveryId(notice, notice.event)
    const timestamp = Math.floor(clock.now() / SECOND_MS)
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'InfraFabric',
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
      ...(key !== undefined && { 'webhook-signature': sign(key, { id, timestamp, body }) }),
    }
    try {
      return await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal })
    } catch (error) {
      if (signal.aborted) throw unreachable('The attempt was ended.')
      const code = error instanceof Error ? errorCode(error.cause) : undefined
      throw unreachable(`The receiver cannot be reached (${code ?? 'no connection'}).`)
    }
  }
}

/** Seconds or an HTTP date (RFC 9110, section 10.2.3); undefined when it is neither. */
function retryAfterMs(header: string | null, now: number): number | undefined {
  if (header === null) return undefined
  if (/^\d{1,9}$/.test(header)) return Number(header) * SECOND_MS
  // Date.parse reads far more than HTTP dates.
  const date = header.endsWith(' GMT') ? Date.parse(header) : Number.NaN
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}
