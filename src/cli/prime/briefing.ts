import { instructionLines } from '../setup/clients.js'
import { counted } from '../text.js'

/** What an agent should know now. Lists have the most important first; what was left out of them is counted in `more`. */
export interface Briefing {
  /** Undefined for a person, who is no swarm. */
  readonly swarm?: string
  readonly tier?: string
  readonly fabric: { readonly name: string; readonly url: string; readonly tasks: Readonly<Record<string, number>> }
  readonly stops: readonly Stop[]
  readonly claims: readonly HeldClaim[]
  readonly helping: readonly { readonly blocker: string; readonly task: string; readonly epoch?: number }[]
  readonly messages: readonly BriefMessage[]
  readonly questions: readonly { readonly escalation: string; readonly asker: string; readonly question: string }[]
  readonly ready: readonly { readonly task: string; readonly title: string }[]
  readonly capabilities: readonly string[]
  readonly more: Readonly<Partial<Record<ListName, number>>>
}

/** Work that must not go on. Without a task, the swarm gets no work at all. */
export interface Stop {
  readonly task?: string
  readonly reason: string
}

export interface HeldClaim {
  readonly task: string
  readonly epoch: number
  readonly title: string
  readonly percent: number
  readonly stuck: boolean
  /** RFC 3339. */
  readonly leaseEndsAt?: string
}

export interface BriefMessage {
  readonly index: number
  readonly kind: string
  readonly from: string
  readonly task?: string
  readonly text: string
}

/** A context window is paid for by the token, of about four characters. */
const LONGEST_CHARS = 1_500 * 4 - 1
/** Texts of others: titles, messages, questions. */
const LONGEST_TEXT = 160

/** Lists by what an agent can do without first: `next_task` finds ready tasks anyway, and the rest it can ask for. */
const LISTS = ['ready', 'capabilities', 'questions', 'messages', 'helping', 'claims', 'stops'] as const
type ListName = (typeof LISTS)[number]
const LONGEST_LISTS: Readonly<Record<ListName, number>> = {
  ready: 5,
  capabilities: 8,
  questions: 3,
  messages: 6,
  helping: 4,
  claims: 6,
  stops: 6,
}

/** At most so many entries are worth reading for a briefing. */
export const WORTH_READING = 20

/** `briefing` cut to what may be shown, as text and as JSON alike. */
export function cutBriefing(briefing: Briefing): Briefing {
  let cut: Briefing = { ...briefing, ...cutTexts(briefing) }
  for (const name of LISTS) cut = shortened(cut, name, LONGEST_LISTS[name])
  for (const name of LISTS)
    while (cut[name].length > 0 && charsOf(cut) > LONGEST_CHARS) cut = shortened(cut, name, cut[name].length - 1)
  return cut
}

function charsOf(briefing: Briefing): number {
  return Math.max(briefingLines(briefing).join('\n').length + 1, JSON.stringify(briefingValue(briefing)).length + 1)
}

function shortened(briefing: Briefing, name: ListName, length: number): Briefing {
  const left = briefing[name].length - length
  if (left <= 0) return briefing
  const more = { ...briefing.more, [name]: (briefing.more[name] ?? 0) + left }
  return { ...briefing, [name]: briefing[name].slice(0, length), more }
}

function cutTexts({ stops, claims, messages, questions, ready }: Briefing) {
  return {
    stops: stops.map((stop) => ({ ...stop, reason: short(stop.reason) })),
    claims: claims.map((claim) => ({ ...claim, title: short(claim.title) })),
    messages: messages.map((message) => ({ ...message, text: short(message.text) })),
    questions: questions.map((question) => ({ ...question, question: short(question.question) })),
    ready: ready.map((task) => ({ ...task, title: short(task.title) })),
  }
}

function short(text: string): string {
  const flat = text.replace(/\s+/g, ' ').trim()
  return flat.length > LONGEST_TEXT ? `${flat.slice(0, LONGEST_TEXT - 3).replace(/[\ud800-\udbff]$/, '')}...` : flat
}

/** As JSON: the same, with how to work beside it. */
export function briefingValue(briefing: Briefing): object {
  return {
    running: true,
    ...briefing,
    instructions: instructionLines(briefing.swarm).slice(2).join(' ').replace(/\s+/g, ' '),
  }
}

export function briefingLines(briefing: Briefing): string[] {
  const { swarm, tier, fabric, capabilities, more } = briefing
  const skills = capabilities.length === 0 ? 'no capabilities' : listed(capabilities, more.capabilities)
  const who =
    swarm === undefined ? 'You speak for no swarm.' : `You are ${swarm} (${[tier, skills].filter(Boolean).join('; ')}).`
  const counts = Object.entries(fabric.tasks).filter(([, count]) => count > 0)
  const tasks = counts.map(([state, count]) => `${count} ${state}`).join(', ') || 'none'
  return [
    `# Where you stand on the task board ${fabric.name}`,
    `${who} Tasks: ${tasks}. Server: ${fabric.url}`,
    ...section('STOP', briefing.stops.map(stopLine), more.stops, 'ifab status'),
    ...section('You hold', briefing.claims.map(claimLine), more.claims, `ifab task list --swarm ${swarm}`),
    ...section('You help with', briefing.helping.map(helpLine), more.helping, `ifab swarm show ${swarm}`),
    ...section('Unread messages', briefing.messages.map(messageLine), more.messages, `ifab inbox --as ${swarm}`),
    ...section(
      swarm === undefined ? 'Questions that wait for a person' : 'You wait for an answer to',
      briefing.questions.map(questionLine),
      more.questions,
      'ifab escalation list',
    ),
    ...section(
      swarm === undefined ? 'Ready' : 'Ready for you',
      briefing.ready.map(({ task, title }) => `${task} ${title}`),
      more.ready,
      'ifab ready',
    ),
    '',
    ...instructionLines(swarm),
  ]
}

function section(title: string, lines: readonly string[], more: number | undefined, command: string): string[] {
  if (lines.length === 0 && more === undefined) return []
  const rest = more === undefined ? [] : [`- and ${counted(more, 'other')}: \`${command}\``]
  return ['', `${title}:`, ...lines.map((line) => `- ${line}`), ...rest]
}

function stopLine({ task, reason }: Stop): string {
  return task === undefined ? reason : `${task}: ${reason}`
}

function claimLine({ task, epoch, title, percent, stuck, leaseEndsAt }: HeldClaim): string {
  const lease = leaseEndsAt === undefined ? '' : `, lease until ${leaseEndsAt}`
  return `${task} epoch ${epoch}, ${percent}%${stuck ? ', stuck' : ''}${lease}: ${title}`
}

function helpLine({ blocker, task, epoch }: Briefing['helping'][number]): string {
  if (epoch === undefined) return `${blocker} on ${task}: asked of you, \`ifab blocker accept ${blocker}\``
  return `${blocker} on ${task}, epoch ${epoch}: \`ifab resolve ${blocker} --epoch ${epoch} --resolution ...\` when it is solved`
}

function messageLine({ index, kind, from, task, text }: BriefMessage): string {
  return `${index} ${kind} from ${from}${task === undefined ? '' : ` about ${task}`}: ${text}`
}

function questionLine({ escalation, asker, question }: Briefing['questions'][number]): string {
  return `${escalation} (${asker}): ${question}`
}

function listed(names: readonly string[], more = 0): string {
  return more === 0 ? names.join(', ') : `${names.join(', ')} and ${more} more`
}
