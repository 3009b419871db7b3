import type { Attempt } from './history.js'
import { findContradiction, type Model, type Operation } from './linearizable.js'

/** A word about the claim of one task, with what came of it. */
export interface ClaimWord extends Operation {
  readonly said: Attempt
}

interface Held {
  readonly swarm: string
  /** Absent for a claim of which nobody has heard. */
  readonly epoch?: number
  /** When the word was sent that renewed it last. */
  readonly renewedAt: number
}

interface Register {
  readonly held?: Held
  /** Epoch under which the task was completed. */
  readonly completed?: number
  /** Greatest epoch that was heard of. */
  readonly newest: number
}

const VERBS = new Set(['claim', 'heartbeat', 'release', 'complete', 'show'])
/** Refusals that say something about the claim; others are about budgets, rights or the input. */
const TELLING = new Set(['ALREADY_CLAIMED', 'STALE_CLAIM', 'WRONG_STATE'])

export interface RegisterOptions {
  /** Lease of every claim; one that is never renewed may end after it. */
  readonly leaseMs: number
}

/**
 * The claim of one task as all callers together must see it: free, held under an epoch, or completed for good. A claim that is
 * not renewed may end by itself, but not before its lease is over.
 */
function claimRegister({ leaseMs }: RegisterOptions): Model<Register, ClaimWord> {
  return {
    initial: { newest: -1 },
    keyOf: ({ held, completed, newest }) => `${held?.swarm} ${held?.epoch} ${held?.renewedAt} ${completed} ${newest}`,
    effectOf: ({ said: { verb, swarm, epoch } }) => `${verb} ${swarm} ${epoch}`,
    step: (register, word, now) => {
      const after = applied(register, word)
      const { held } = register
      // A claim of which nobody hears may as well not have been made; so only others end unseen.
      const mayEnd = held?.epoch !== undefined && Math.min(now, word.until ?? now) >= held.renewedAt + leaseMs
      if (!mayEnd) return after
      const { held: _, ...free } = register
      return [...after, ...applied(free, word)]
    },
  }
}

function applied(register: Register, { said }: ClaimWord): readonly Register[] {
  const next = said.answer === undefined ? unheard(register, said) : heard(register, said)
  return next === undefined ? [] : [next]
}

/** What a word does of which nobody knows the outcome; undefined where it does nothing. */
function unheard(register: Register, { verb, swarm = '', epoch, sentAt }: Attempt): Register | undefined {
  const { held, completed, newest } = register
  if (completed !== undefined) return undefined
  if (verb === 'claim') return held === undefined ? { held: { swarm, renewedAt: sentAt }, newest } : undefined
  if (held?.epoch === undefined || held.epoch !== epoch) return undefined
  if (verb === 'release') return { newest }
  return verb === 'complete' ? { completed: held.epoch, newest } : undefined
}

function heard(register: Register, said: Attempt): Register | undefined {
  const { verb, epoch, swarm = '', sentAt, answer = {} } = said
  if (answer.code !== undefined) return refused(register, said)
  if (verb === 'show') return seen(register, said)
  if (verb === 'claim') {
    if (register.completed !== undefined) return undefined
    return holding(register, swarm, answer.epoch, sentAt, true)
  }
  if (verb === 'complete' && register.completed !== undefined) {
    return register.completed === epoch ? register : undefined
  }
  const known = holding(register, swarm, epoch, sentAt, false)
  if (known?.held === undefined) return undefined
  if (verb === 'release') return { newest: known.newest }
  return verb === 'complete' ? { completed: epoch ?? -1, newest: known.newest } : known
}

/** The register in which `swarm` holds the task under `epoch`; undefined where another claim is the live one. */
function holding(
  register: Register,
  swarm: string,
  epoch: number | undefined,
  renewedAt: number,
  isGrant: boolean,
): Register | undefined {
  const { held, newest } = register
  if (epoch === undefined || (held === undefined && !isGrant)) return undefined
  if (held !== undefined && held.swarm !== swarm) return undefined
  const isNew = held?.epoch === undefined
  if (isNew ? epoch <= newest : epoch !== held.epoch) return undefined
  const latest = Math.max(renewedAt, held?.renewedAt ?? renewedAt)
  return { held: { swarm, epoch, renewedAt: latest }, newest: Math.max(newest, epoch) }
}

function refused(register: Register, { verb, swarm = '', epoch, answer = {} }: Attempt): Register | undefined {
  const { held, completed } = register
  if (answer.code === 'ALREADY_CLAIMED') {
    if (held === undefined || completed !== undefined || held.swarm === swarm) return undefined
    return holding(register, answer.swarm ?? held.swarm, answer.epoch ?? held.epoch, held.renewedAt, false)
  }
  if (answer.code === 'WRONG_STATE') return completed === undefined ? undefined : register
  const isLive = held?.epoch === epoch && held?.swarm === swarm
  if (isLive || (verb === 'complete' && completed === epoch)) return undefined
  return answer.epoch === undefined ? register : seen(register, { answer: { ...answer, state: 'claimed' } })
}

/** The register as somebody saw it. */
function seen(register: Register, { answer = {} }: Pick<Attempt, 'answer'>): Register | undefined {
  const { held, completed } = register
  if (answer.state === 'completed') return completed === undefined ? undefined : register
  if (completed !== undefined) return undefined
  if (answer.state === 'available') return held === undefined ? register : undefined
  if (held === undefined || answer.swarm === undefined) return undefined
  return holding(register, answer.swarm, answer.epoch, held.renewedAt, false)
}

/** How old the state may be that a node shows, beside what its caller has seen before, milliseconds. */
const STALE_MS = 6_000

/** Words about each task, as operations on its register. Attempts under one key are one word. */
function claimWords(attempts: readonly Attempt[]): Map<string, ClaimWord[]> {
  const words = new Map<string, ClaimWord[]>()
  const last = new Map<string, ClaimWord>()
  for (const said of commands(attempts)) {
    const { task, verb, client, answer } = said
    if (!VERBS.has(verb) || (answer?.code !== undefined && !TELLING.has(answer.code))) continue
    const isRead = verb === 'show'
    if (answer === undefined && isRead) continue
    const before = last.get(`${client} ${task}`)
    // What a node shows may be older than the question, but not than what its caller has heard before.
    const from = isRead ? Math.max(said.sentAt - STALE_MS, before?.from ?? 0) : said.sentAt
    const word: ClaimWord = {
      ...{ said, from },
      ...(answer !== undefined && { until: said.endedAt }),
      ...(before !== undefined && isRead && { after: before }),
    }
    if (answer !== undefined) last.set(`${client} ${task}`, word)
    words.set(task, [...(words.get(task) ?? []), word])
  }
  return words
}

/** Attempts in the order in which they were sent, those under one key as one: from the first until the one that was answered. */
export function commands(attempts: readonly Attempt[]): Attempt[] {
  const keyed = new Map<string, Attempt>()
  const result: Attempt[] = []
  for (const attempt of [...attempts].sort((a, b) => a.sentAt - b.sentAt)) {
    const { key } = attempt
    const known = key === undefined ? undefined : keyed.get(key)
    const merged = known === undefined ? attempt : { ...attempt, sentAt: known.sentAt }
    if (known !== undefined && known.answer !== undefined) continue
    if (known !== undefined) result[result.indexOf(known)] = merged
    else result.push(merged)
    if (key !== undefined) keyed.set(key, merged)
  }
  return result
}

/** Throws an account of the first answer that no order of all words explains. */
export function requireLinearizableClaims(attempts: readonly Attempt[], options: RegisterOptions): void {
  const model = claimRegister(options)
  for (const [task, words] of claimWords(attempts)) {
    const found = findContradiction(model, words)
    if (found === undefined) continue
    const { said } = found.operation
    const lines = words.filter(({ from }) => from <= said.endedAt).map((word) => JSON.stringify(word.said))
    const states = found.states.slice(0, 20).map((state) => JSON.stringify(state))
    throw new Error(
      `No order of the words about ${task} explains this answer:\n${JSON.stringify(said)}\nBefore it could be:\n${states.join('\n')}\nHistory:\n${lines.slice(-60).join('\n')}`,
    )
  }
}
