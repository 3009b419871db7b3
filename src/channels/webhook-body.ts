import { LIMITS } from '../model/limits.js'
import { formatTimestamp } from '../model/time.js'
import { cut, escapeSlack } from './harmless.js'
import { type Notice, noticeTime } from './notice.js'
import { renderText } from './text.js'

/**
 * JSON body of a webhook: `text` is what Slack, and whatever is compatible with it, shows; `infrafabric` is for programs,
 * with times in RFC 3339. Long texts are cut.
 */
export function webhookBody(notice: Notice): string {
  const { subject, body } = renderText(notice)
  return JSON.stringify({
    text: escapeSlack(`${subject}\n\n${body}`),
    // Without markup the commands can be copied as they are.
    mrkdwn: false,
    infrafabric: {
      type: `escalation.${notice.event}`,
      timestamp: formatTimestamp(noticeTime(notice)),
      fabric: notice.fabric,
      escalation: structured(notice),
    },
  })
}

function structured({ escalation }: Notice) {
  const { id, kind, state, severity, asker, task, blocker, swarm, account, answeredBy, option } = escalation
  const { question, context, options, answer, openedAt, expiresAt, endedAt } = escalation
  const facts = Object.entries(context).slice(0, LIMITS.noticeFacts)
  return {
    ...shortened(
      Object.entries({ id, kind, state, severity, asker, task, blocker, swarm, account, answeredBy, option }),
    ),
    question: cut(question, LIMITS.noticeQuoteChars),
    context: shortened(facts),
    options: options.map(short),
    ...(answer !== undefined && { answer: cut(answer, LIMITS.noticeQuoteChars) }),
    openedAt: formatTimestamp(openedAt),
    expiresAt: formatTimestamp(expiresAt),
    ...(endedAt !== undefined && { endedAt: formatTimestamp(endedAt) }),
  }
}

/** What is undefined does not become JSON. */
function shortened(entries: readonly (readonly [string, string | undefined])[]) {
  return Object.fromEntries(entries.map(([name, value]) => [short(name), value === undefined ? value : short(value)]))
}

function short(text: string): string {
  return cut(text, LIMITS.noticeFactChars)
}
