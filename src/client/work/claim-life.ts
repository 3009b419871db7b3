/** Why a claim is over for its worker. */
export interface ClaimEnd {
  /**
   * `taken`: the fabric refused its epoch. `silent`: a whole lease passed without an answered heartbeat, so another may
   * hold the task. `told`: the fabric said to stop.
   */
  readonly why: 'taken' | 'silent' | 'told'
  readonly reason: string
}

/** A claim as its worker knows it. Times are on the worker's own clock, milliseconds. */
export interface ClaimLife {
  readonly leaseMs: number
  /** Until then nobody else can hold the task: one lease after the fabric is known to have heard of it. */
  readonly sureUntil: number
  readonly beatAt: number
  /** An earlier time for the next heartbeat, where something is to be said or asked sooner. */
  readonly hurryAt?: number
  /** When the heartbeat that has no answer yet was sent. */
  readonly beatingSince?: number
  readonly end?: ClaimEnd
}

export type ClaimNews =
  | { readonly kind: 'beat_sent' }
  | { readonly kind: 'beat_answered'; readonly stop?: string }
  /** Not answered, or by an error that may pass. */
  | { readonly kind: 'beat_failed'; readonly retryMs: number }
  | { readonly kind: 'hurried'; readonly withinMs: number }
  | { readonly kind: 'ended'; readonly end: ClaimEnd }
  | { readonly kind: 'time_passed' }

/** Heartbeats in one lease: two may get lost. */
const BEATS_PER_LEASE = 3

export function beatIntervalMs(leaseMs: number): number {
  return leaseMs / BEATS_PER_LEASE
}

/**
 * The life of a claim that was asked for at `askedAt` and known at `grantedAt`. When it was really granted lies between; the
 * first heartbeat settles that, and comes at once where the answer took long.
 */
export function beginLife(leaseMs: number, askedAt: number, grantedAt: number): ClaimLife {
  return { leaseMs, sureUntil: grantedAt + leaseMs, beatAt: Math.max(askedAt + beatIntervalMs(leaseMs), grantedAt) }
}

/** What a claim is after some news. Nothing happens to one that has ended. */
export function withNews(life: ClaimLife, news: ClaimNews, now: number): ClaimLife {
  if (life.end !== undefined) return life
  switch (news.kind) {
    case 'beat_sent': {
      const { hurryAt: _, ...rest } = life
      return { ...rest, beatingSince: now }
    }
    case 'beat_answered':
      return answered(life, news.stop, now)
    case 'beat_failed': {
      const { beatingSince: _, ...rest } = life
      return expired({ ...rest, beatAt: now + Math.min(news.retryMs, beatIntervalMs(life.leaseMs)) }, now)
    }
    case 'hurried':
      return { ...life, hurryAt: Math.min(life.hurryAt ?? Number.POSITIVE_INFINITY, now + news.withinMs) }
    case 'ended':
      return { ...life, end: news.end }
    case 'time_passed':
      return expired(life, now)
  }
}

/** The lease runs from when the heartbeat was sent: the fabric heard it then or later. */
function answered({ beatingSince, ...life }: ClaimLife, stop: string | undefined, now: number): ClaimLife {
  if (stop !== undefined) return { ...life, end: { why: 'told', reason: stop } }
  const sentAt = beatingSince ?? now
  const { leaseMs } = life
  return { ...life, sureUntil: sentAt + leaseMs, beatAt: sentAt + beatIntervalMs(leaseMs) }
}

function expired(life: ClaimLife, now: number): ClaimLife {
  if (now < life.sureUntil) return life
  return { ...life, end: { why: 'silent', reason: `no heartbeat was answered for ${life.leaseMs} ms` } }
}

/** Whether a heartbeat is to be sent now. */
export function wantsBeat(life: ClaimLife, now: number): boolean {
  return life.end === undefined && life.beatingSince === undefined && now >= nextBeat(life)
}

/** When to look at it again; undefined when it has ended. */
export function dueAt(life: ClaimLife): number | undefined {
  if (life.end !== undefined) return undefined
  return life.beatingSince === undefined ? Math.min(nextBeat(life), life.sureUntil) : life.sureUntil
}

function nextBeat({ beatAt, hurryAt }: ClaimLife): number {
  return Math.min(beatAt, hurryAt ?? beatAt)
}
