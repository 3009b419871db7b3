import { createTransport, type Transporter } from 'nodemailer'
import type { EmailConfig } from '../model/channel.js'
import type { FabricError } from '../model/errors.js'
import type { EscalationSeverity } from '../model/escalation.js'
import { LIMITS } from '../model/limits.js'
import { isLoopback } from '../model/loopback.js'
import { type Channel, errorCode, refused, unreachable } from './channel.js'
import { deliveryId, type Notice } from './notice.js'
import { renderText } from './text.js'

export interface Credentials {
  readonly user: string
  readonly password: string
}

/**
 * Sends notices through an SMTP server, one connection for each. With credentials the connection must be encrypted, unless
 * it does not leave the machine: whoever took STARTTLS out of the greeting would read the password. A notice counts as
 * sent when the server took it for at least one recipient.
 */
export class Email implements Channel {
  readonly name: string
  readonly minSeverity: EscalationSeverity
  readonly #config: EmailConfig
  readonly #transporter: Transporter

  constructor(config: EmailConfig, credentials: Credentials | undefined) {
    const { name, minSeverity, host, port, secure } = config
    this.name = name
    this.minSeverity = minSeverity
    this.#config = config
    this.#transporter = createTransport({
      host,
      port,
      secure,
      requireTLS: !secure && credentials !== undefined && !isLoopback(host),
      ...(credentials !== undefined && { auth: { user: credentials.user, pass: credentials.password } }),
      connectionTimeout: LIMITS.channelAttemptMs,
      greetingTimeout: LIMITS.channelAttemptMs,
      socketTimeout: LIMITS.channelAttemptMs,
      // The answer to the message is in; a server that does not hang up then must not keep the connection.
      socketCloseTimeout: 0,
      disableFileAccess: true,
      disableUrlAccess: true,
    })
  }

  async deliver(notice: Notice, signal: AbortSignal): Promise<void> {
    const { subject, body } = renderText(notice)
    const { from, to } = this.#config
    try {
      await this.#transporter.sendMail({
        from,
        to: [...to],
        subject,
        text: body,
        messageId: messageId(notice, notice.event),
        // The answer appears below the question.
        ...(notice.event !== 'opened' && { inReplyTo: messageId(notice, 'opened') }),
        // RFC 3834: no holiday notice comes back.
        headers: { 'Auto-Submitted': 'auto-generated' },
        signal,
      })
    } catch (error) {
      throw signal.aborted ? unreachable('The attempt was ended.') : failureOf(error)
    }
  }
}

function messageId(notice: Notice, event: Notice['event']): string {
  return `<${deliveryId(notice, event)}@infrafabric.invalid>`
}

/** What the server said stays out: it may repeat what it was sent, the password too. */
function failureOf(error: unknown): FabricError {
  const code = errorCode(error)
  const status = responseCode(error)
  const permanent = status === undefined ? PERMANENT.has(code ?? '') : status >= 500 && status !== 503
  const what = REASONS[code ?? ''] ?? 'The mail server does not take the message'
  const reason = `${what} (${status ?? systemCode(error) ?? code ?? 'no code'}).`
  return permanent ? refused(reason) : unreachable(reason)
}

/** Failures without an answer of the server that another attempt cannot mend. */
const PERMANENT: ReadonlySet<string> = new Set(['EAUTH', 'ENOAUTH', 'ECONFIG', 'EENVELOPE'])

const REASONS: Readonly<Record<string, string>> = {
  EAUTH: 'The mail server refuses the user or the password',
  EENVELOPE: 'The mail server refuses the message, its sender or its recipients',
  ETLS: 'The connection to the mail server cannot be encrypted',
  EDNS: 'The name of the mail server is not found',
  ECONNECTION: 'The mail server hung up',
  ESOCKET: 'The mail server cannot be reached',
  ETIMEDOUT: 'The mail server does not answer in time',
}

function responseCode(error: unknown): number | undefined {
  const code = error instanceof Error && 'responseCode' in error ? error.responseCode : undefined
  return typeof code === 'number' && code >= 400 && code < 600 ? code : undefined
}

function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'originalCode' in error ? errorCode({ code: error.originalCode }) : undefined
}
