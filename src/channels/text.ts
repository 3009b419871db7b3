import type { EscalationRow } from '../model/escalation.js'
import { LIMITS } from '../model/limits.js'
import { formatTimestamp } from '../model/time.js'
import { cut, harmlessLine, quote, shellWord } from './harmless.js'
import { type Notice, noticeTime } from './notice.js'

export interface NoticeText {
  /** One line. */
  readonly subject: string
  readonly body: string
}

/** A notice as people read it. All text of others is bounded, marked as a quotation, and without control characters. */
export function renderText(notice: Notice): NoticeText {
  const { escalation } = notice
  const parts = [introduction(notice), quote(escalation.question, LIMITS.noticeQuoteChars), facts(escalation)]
  if (notice.event === 'opened') parts.push(context(escalation), howToAnswer(escalation))
  const body = parts.filter((part) => part !== '').join('\n\n')
  return { subject: subject(notice), body: `${cut(body, LIMITS.noticeChars)}\n` }
}

function subject({ event, fabric, escalation }: Notice): string {
  const expired = wasAnswered(escalation) ? 'expired unused' : 'expired without an answer'
  const what = { opened: escalation.severity, answered: 'answered', expired }[event]
  return harmlessLine(`[${fabric}] ${what}: ${escalation.question}`, LIMITS.noticeSubjectChars).trim()
}

function introduction(notice: Notice): string {
  const { event, escalation } = notice
  const id = short(escalation.id)
  if (event === 'opened') return `${short(escalation.asker)} asks (${id}):`
  const at = formatTimestamp(noticeTime(notice))
  if (event === 'expired' && wasAnswered(escalation)) return `The answer to ${id} was not used until ${at}:`
  if (event === 'expired') return `Nobody answered ${id} until ${at}:`
  return `${short(escalation.answeredBy ?? 'Somebody')} answered ${id}:`
}

/** An approval that was given and not used expires too. */
function wasAnswered({ answeredBy }: EscalationRow): boolean {
  return answeredBy !== undefined
}

function facts(row: EscalationRow): string {
  const { severity, kind, task, blocker, swarm, account, option, answer } = row
  const named = { severity, kind, task, swarm, blocker, account, option }
  const lines = Object.entries(named).flatMap(([name, value]) => {
    return value === undefined ? [] : [`${name}: ${short(value)}`]
  })
  if (row.state === 'open') lines.push(`expires: ${formatTimestamp(row.expiresAt)}`)
  if (answer !== undefined) lines.push('answer:', quote(answer, LIMITS.noticeQuoteChars))
  return lines.join('\n')
}

function context({ context }: EscalationRow): string {
  const entries = Object.entries(context)
  if (entries.length === 0) return ''
  const lines = entries.slice(0, LIMITS.noticeFacts).map(([name, value]) => `> ${short(name)}: ${short(value)}`)
  return ['Context:', ...lines].join('\n')
}

function howToAnswer({ id, options }: EscalationRow): string {
  const command = `ifab escalation answer ${shellWord(id)}`
  if (options.length === 0) return `Answer with:\n  ${command} --text '...'`
  // An option must be given exactly, so one that cannot be shown exactly gets no command.
  const exact = options.filter((option) => short(option) === option)
  const lines = exact.map((option) => `  ${command} --option ${shellWord(option)}`)
  if (exact.length < options.length) lines.push(`For all options: ifab escalation show ${shellWord(id)}`)
  return ['Answer with one of:', ...lines].join('\n')
}

function short(text: string): string {
  return harmlessLine(text, LIMITS.noticeFactChars)
}
