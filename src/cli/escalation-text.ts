import type { EscalationView } from '../operations/governor-views.js'
import { alignColumns, alignFields } from './columns.js'
import { formatTime } from './text.js'

export function escalationLines(rows: readonly EscalationView[]): string[] {
  const cells = rows.map((row) => [
    row.id,
    row.kind,
    row.severity,
    row.state,
    formatTime(row.openedAt),
    formatTime(row.endedAt ?? row.expiresAt),
    row.asker,
    row.question,
  ])
  return alignColumns(['ESCALATION', 'KIND', 'SEVERITY', 'STATE', 'ASKED', 'ENDS', 'ASKER', 'QUESTION'], cells)
}

/** Everything about one, in full: whoever answers must see what is asked. */
export function detailLines(row: EscalationView): string[] {
  const lines = alignFields([
    ['escalation', row.id],
    ['kind', row.kind],
    ['severity', row.severity],
    ['state', row.state],
    ['asker', row.asker],
    ['question', row.question],
    ['options', row.options.join(', ')],
    ['task', row.task],
    ['blocker', row.blocker],
    ['swarm', row.swarm],
    ['account', row.account],
    ['context', contextText(row.context)],
    ['digest', row.digest],
    ['told', row.notified?.join(', ')],
    ['asked', formatTime(row.openedAt)],
    ['expires', formatTime(row.expiresAt)],
    ['ended', row.endedAt === undefined ? undefined : formatTime(row.endedAt)],
    ['answered by', row.answeredBy],
    ['answer', [row.option, row.answer].filter((part) => part !== undefined).join(': ')],
  ])
  return row.state === 'open' ? [...lines, '', `Next: ifab escalation answer ${row.id} ${hintOf(row)}`] : lines
}

function contextText(context: EscalationView['context']): string {
  return Object.entries(context)
    .map(([key, value]) => `${key}: ${value}`)
    .join('\n')
}

function hintOf({ options }: EscalationView): string {
  return options.length === 0 ? '--text "..."' : `--option ${options.join('|')}`
}
