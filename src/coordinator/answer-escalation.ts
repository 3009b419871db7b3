import { actorSwarm, FABRIC_ACTOR } from '../model/entry.js'
import { FabricError } from '../model/errors.js'
import type { EscalationRow } from '../model/escalation.js'
import { ORCHESTRATOR } from '../model/swarm.js'
import { escalationRow, requireOpen } from './ask-human.js'
import type { CoordinatorDraft, EntryOf } from './entries.js'
import { aboutOf, KEEP_STOPPED } from './escalate.js'
import type { AnswerEscalation } from './governor-commands.js'
import type { FabricState } from './state.js'
import type { Decide, Evolve } from './transition.js'

/** A person answers, never a swarm, and nobody gives their own approval. One about a blocker resolves the blocker. */
export const answerEscalation: Decide<'answer_escalation'> = (state, command, context) => {
  const row = requireOpen(state, command.escalation, context)
  requireEntitled(row, context.actor)
  const { option, answer } = command
  requireAnswer(row, command)
  const said = { ...aboutOf(row), ...(option !== undefined && { option }), ...(answer !== undefined && { answer }) }
  const entries: CoordinatorDraft[] = [{ type: 'escalation_answered', subject: row.id, data: said }]
  const blocker = row.blocker === undefined ? undefined : state.blockers.get(row.blocker)
  if (blocker !== undefined && blocker.state !== 'resolved') {
    const resolution = [option, answer].filter((part) => part !== undefined).join(': ')
    const data = { task: blocker.task, cause: 'resolved', by: context.actor, resolution } as const
    entries.push({ type: 'blocker_resolved', subject: blocker.id, data })
  }
  return { entries, reply: (after) => escalationRow(after, row.id) }
}

function requireEntitled({ id, kind, asker }: EscalationRow, actor: string): void {
  const swarm = actorSwarm(actor)
  if (swarm !== undefined) {
    const message = `${id} asks people. ${swarm} is a swarm and cannot answer it.`
    throw new FabricError('FORBIDDEN', message, { escalation: id, kind })
  }
  // Until people have names of their own, a question of the administrator would have nobody else to answer it.
  if (asker !== actor || kind === 'question') return
  throw new FabricError('FORBIDDEN', `${actor} asked ${id} and cannot answer it. Somebody else has to.`, {
    escalation: id,
  })
}

function requireAnswer(row: EscalationRow, { option, answer }: AnswerEscalation): void {
  const { id, kind, options } = row
  if (kind === 'budget' || kind === 'breaker') {
    if (option === KEEP_STOPPED) return
    const message = `An answer changes no ${kind}. Run \`${commandFor(row)}\`, which answers ${id} too, or leave everything as it is with \`--option ${KEEP_STOPPED}\`.`
    throw new FabricError('INVALID_ARGUMENT', message, { field: 'option', options: [KEEP_STOPPED] })
  }
  if (options.length > 0 && (option === undefined || !options.includes(option))) {
    const message = `${id} is answered with one of ${options.join(', ')}: \`--option ${options[0]}\`.`
    throw new FabricError('INVALID_ARGUMENT', message, { field: 'option', options })
  }
  if (options.length > 0 || answer !== undefined || option !== undefined) return
  throw new FabricError('INVALID_ARGUMENT', `Say what the answer to ${id} is.`, { field: 'answer' })
}

function commandFor({ kind, account, swarm, context }: EscalationRow): string {
  if (kind === 'breaker') return context.reset ?? `ifab governor breaker reset ${swarm} --reason "..."`
  return context.extend ?? `ifab cost extend ${account} --by 5 --reason "..."`
}

export const escalationAnswered: Evolve<EntryOf<'escalation_answered'>> = (state, entry) => {
  const { subject, at, actor, data } = entry
  const row = escalationRow(state, subject)
  const { option, answer } = data
  const said = { ...(option !== undefined && { option }), ...(answer !== undefined && { answer }) }
  state.putEscalation({ ...row, state: 'answered', endedAt: at, answeredBy: actor, ...said })
  const words = [data.option, data.answer].filter((part) => part !== undefined).join(': ')
  tellAsker(state, entry, row, 'escalation_answered', `The answer to "${row.question}" is: ${words}`)
}

export const escalationExpired: Evolve<EntryOf<'escalation_expired'>> = (state, entry) => {
  const row = escalationRow(state, entry.subject)
  state.putEscalation({ ...row, state: 'expired', endedAt: entry.at })
  const what = row.state === 'answered' ? 'was approved, and not used in time' : 'was not answered in time'
  tellAsker(state, entry, row, 'escalation_expired', `"${row.question}" ${what}.`)
}

/** The asker, the swarm it is about, and whoever steers. */
function tellAsker(
  state: FabricState,
  entry: EntryOf<'escalation_answered'> | EntryOf<'escalation_expired'>,
  row: EscalationRow,
  kind: 'escalation_answered' | 'escalation_expired',
  text: string,
): void {
  const task = row.task === undefined ? {} : { task: row.task }
  const holder = row.blocker === undefined ? undefined : state.blockers.get(row.blocker)?.swarm
  const readers = new Set([actorSwarm(row.asker) ?? ORCHESTRATOR, ...(holder === undefined ? [] : [holder])])
  const from = { ...entry, actor: entry.actor === row.asker ? FABRIC_ACTOR : entry.actor }
  for (const reader of readers) state.deliver(reader, from, { kind, escalation: row.id, ...task, text })
}
