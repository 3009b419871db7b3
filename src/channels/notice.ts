import { createHash } from 'node:crypto'
import type { EscalationRow } from '../model/escalation.js'

export const NOTICE_EVENTS = ['opened', 'answered', 'expired'] as const
export type NoticeEvent = (typeof NOTICE_EVENTS)[number]

/** What people are told about an escalation. */
export interface Notice {
  readonly event: NoticeEvent
  /** Name of the fabric. */
  readonly fabric: string
  readonly escalation: EscalationRow
}

/**
 * The same for each attempt and after each restart, so that a receiver can tell a repetition. Letters, digits, `-` and `_`
 * only: Standard Webhooks forbids a full stop, which separates the parts of what is signed.
 */
export function deliveryId({ fabric, escalation }: Notice, event: NoticeEvent): string {
  const name = [fabric, escalation.id, escalation.openedAt, event].join('\n')
  return `msg_${createHash('sha256').update(name).digest('base64url').slice(0, 32)}`
}

/** When it happened, in milliseconds since the Unix epoch. */
export function noticeTime({ event, escalation }: Notice): number {
  if (event === 'opened') return escalation.openedAt
  return escalation.endedAt ?? escalation.expiresAt
}
