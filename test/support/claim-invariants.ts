import { commands } from './claim-register.js'
import type { Attempt } from './history.js'

/** An entry of the log as it is stored (CloudEvents), as far as these checks read it. */
export interface LoggedEvent {
  readonly id: string
  readonly type: string
  readonly subject: string
  readonly time: string
  readonly data: Readonly<Record<string, unknown>>
}

/** The word of an entry's type: `task_claimed` of `infrafabric.coordinator.task_claimed.v1`. */
export function nameOf({ type }: Pick<LoggedEvent, 'type'>): string {
  return type.split('.')[2] ?? ''
}

/** The epoch that a claim was granted; undefined for everything else. */
export function grantOf({ verb, answer }: Attempt): number | undefined {
  return verb === 'claim' && answer?.code === undefined ? answer?.epoch : undefined
}

interface Span {
  readonly said: Attempt
  readonly from: number
  readonly until: number
}

/** Throws when two callers each were right to believe that they held a task: their claims were both surely live. */
export function requireOneHolder(attempts: readonly Attempt[], leaseMs: number): void {
  const newest = new Map<string, Span>()
  for (const span of surelyHeld(attempts, leaseMs)) {
    const other = newest.get(span.said.task)
    if (other !== undefined && span.from < other.until && other.said.answer?.epoch !== span.said.answer?.epoch) {
      throw new Error(`Two claims were live at once:\n${JSON.stringify(other.said)}\n${JSON.stringify(span.said)}`)
    }
    if (other === undefined || span.until > other.until) newest.set(span.said.task, span)
  }
}

/** From each answer that grants a claim until a word is sent that may end it, or until its lease may be over. */
function surelyHeld(attempts: readonly Attempt[], leaseMs: number): Span[] {
  const words = commands(attempts)
  const spans: Span[] = []
  for (const said of words) {
    const granted = grantOf(said)
    if (granted === undefined) continue
    const own = words.filter(({ task, epoch }) => task === said.task && epoch === granted)
    const renewed = own.filter(({ verb, answer }) => verb === 'heartbeat' && answer !== undefined && !answer.code)
    const ends = own.filter(({ verb }) => verb === 'release' || verb === 'complete').map(({ sentAt }) => sentAt)
    const leases = [said, ...renewed].map(({ sentAt }) => sentAt + leaseMs)
    spans.push({ said, from: said.endedAt, until: Math.min(Math.max(...leases), ...ends) })
  }
  return spans.sort((a, b) => a.from - b.from)
}

/** Throws when a claim that was asked for after another one was granted has no greater epoch. */
export function requireGrowingEpochs(attempts: readonly Attempt[]): void {
  const grants = attempts.filter((attempt) => grantOf(attempt) !== undefined)
  const bySent = [...grants].sort((a, b) => a.sentAt - b.sentAt)
  const byEnded = [...grants].sort((a, b) => a.endedAt - b.endedAt)
  let newest: Attempt | undefined
  let at = 0
  for (const grant of bySent) {
    for (; (byEnded[at]?.endedAt ?? Number.POSITIVE_INFINITY) < grant.sentAt; at += 1) {
      if ((byEnded[at]?.answer?.epoch ?? 0) > (newest?.answer?.epoch ?? -1)) newest = byEnded[at]
    }
    // Asked again, its holder gets the epoch that it has.
    if (grant.answer?.reclaimed || newest === undefined) continue
    if ((grant.answer?.epoch ?? 0) > (newest.answer?.epoch ?? 0)) continue
    throw new Error(`An epoch went back:\n${JSON.stringify(newest)}\n${JSON.stringify(grant)}`)
  }
}

/** Entry in which a word of a holder ends up, with the verb that asks for it. */
const WORDS: Readonly<Record<string, string>> = {
  release: 'task_released',
  complete: 'task_completed',
  usage: 'usage_reported',
}

/** Throws when the log lacks a change that was acknowledged, or says of one something else. */
export function requireAcknowledged(attempts: readonly Attempt[], log: readonly LoggedEvent[]): void {
  const words = new Set(log.map((event) => wordOf(nameOf(event), event.subject, event.data)))
  for (const said of attempts) {
    if (said.answer === undefined || said.answer.code !== undefined) continue
    if (said.verb === 'claim') {
      const entry = log[said.answer.epoch ?? -1]
      const isThere = entry && nameOf(entry) === 'task_claimed' && entry.subject === said.task
      if (!isThere || entry.data.swarm !== said.swarm) throw lost(said, entry)
    }
    const name = WORDS[said.verb]
    const { task, epoch, report } = said
    if (name !== undefined && !words.has(wordOf(name, task, { epoch, report }))) throw lost(said, undefined)
  }
}

/** Throws when the log has a word of a holder that nobody said, or a claim that nobody asked for. */
export function requireAsked(attempts: readonly Attempt[], log: readonly LoggedEvent[]): void {
  const claims = new Set<string>()
  const words = new Set<string>()
  for (const { verb, task, swarm, epoch, report, answer } of commands(attempts)) {
    if (answer?.code !== undefined) continue
    const name = WORDS[verb]
    if (name !== undefined) words.add(wordOf(name, task, { epoch, report }))
    if (verb === 'claim') claims.add(`${task} ${swarm}`)
  }
  for (const event of log) {
    const name = nameOf(event)
    const { subject, data } = event
    const isWord = Object.values(WORDS).includes(name) && (name !== 'task_released' || data.cause === 'holder')
    const wasSaid = !isWord || words.has(wordOf(name, subject, data))
    const wasClaimed = name !== 'task_claimed' || claims.has(`${subject} ${data.swarm}`)
    if (!wasSaid || !wasClaimed) throw new Error(`Nobody asked for this entry: ${JSON.stringify(event)}`)
  }
}

function wordOf(name: string, task: string, { epoch, report }: Readonly<Record<string, unknown>>): string {
  return name === 'usage_reported' ? `${name} ${task} ${epoch} ${report}` : `${name} ${task} ${epoch}`
}

function lost(said: Attempt, entry: LoggedEvent | undefined): Error {
  const instead = entry === undefined ? 'is not in the log' : `is not what the log has there: ${JSON.stringify(entry)}`
  return new Error(`What was acknowledged ${instead}\n${JSON.stringify(said)}`)
}
