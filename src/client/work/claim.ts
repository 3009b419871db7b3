import { FabricError, isErrorCode, isFabricError } from '../../model/errors.js'
import type { TaskView } from '../operation-types.js'
import {
  beatIntervalMs,
  beginLife,
  type ClaimEnd,
  type ClaimLife,
  type ClaimNews,
  dueAt,
  wantsBeat,
  withNews,
} from './claim-life.js'
import { isFatal, isTaken, persist, type WorkContext } from './context.js'
import { ClaimEndedError, reasonOf } from './end.js'
import { Bell, backoffMs } from './timing.js'
import { UsageBook, type UsageInput } from './usage-book.js'

/** What was spent is known to the fabric this soon, so that a budget ends near its limit. */
const USAGE_DELAY_MS = 5_000
const LONGEST_BEAT_MS = 30_000

export interface Granted {
  readonly task: TaskView
  readonly epoch: number
  readonly leaseMs: number
  /** It is an earlier claim, of this worker or of one before it. */
  readonly resumed: boolean
}

/** One claim of a worker: sends its heartbeats and knows when it is over. */
export class Claim {
  readonly granted: Granted
  /** Rings when something about the claim may have changed. */
  readonly news = new Bell()
  readonly #context: WorkContext
  readonly #usage = new UsageBook(() => crypto.randomUUID())
  readonly #ended = new AbortController()
  readonly #closed = new AbortController()
  #life: ClaimLife
  #failures = 0
  #cancelTimer: () => void = () => {}

  /** `askedAt` is when it was asked for, on the clock of the worker. */
  constructor(context: WorkContext, granted: Granted, askedAt: number) {
    this.#context = context
    this.granted = granted
    this.#life = beginLife(granted.leaseMs, askedAt, context.timing.elapsed())
    this.#schedule()
  }

  /** Aborts with a `ClaimEndedError` when the claim is over, or when its worker stops. */
  get signal(): AbortSignal {
    return this.#ended.signal
  }

  get end(): ClaimEnd | undefined {
    return this.#life.end
  }

  /** Names the claim in a word to the fabric. */
  get word(): { readonly task: string; readonly as: string; readonly epoch: number } {
    return { task: this.granted.task.id, as: this.#context.swarm, epoch: this.granted.epoch }
  }

  /** Asks the fabric soon how the claim stands. */
  hurry(withinMs = 0): void {
    this.#apply({ kind: 'hurried', withinMs })
  }

  /** The fabric no longer takes its epoch. */
  lose(error: unknown): void {
    this.#apply({ kind: 'ended', end: { why: 'taken', reason: reasonOf(error) } })
  }

  /** Tells its handler that the worker stops. The claim is kept until it is released. */
  interrupt(): void {
    this.#ended.abort(new ClaimEndedError({ why: 'worker', reason: 'the worker stops' }))
    this.news.ring()
  }

  /** Goes along with the next heartbeat. */
  spend(usage: UsageInput): void {
    this.#usage.add(usage)
    this.hurry(USAGE_DELAY_MS)
  }

  /** Says what was spent and not said yet. Also a claim that has ended is charged for it. */
  async settleUsage(): Promise<void> {
    const { client, problem } = this.#context
    const task = this.granted.task.id
    for (let usage = this.#usage.next(); usage !== undefined; usage = this.#usage.next()) {
      const input = { ...this.word, usage }
      await persist(this.#context, { during: 'usage', task }, (options) => client.task.usage(input, options)).catch(
        (error: unknown) => problem('usage', error, task),
      )
      this.#usage.settle(usage.id)
    }
  }

  /** Ends the heartbeats. */
  close(): void {
    this.#closed.abort()
    this.#cancelTimer()
  }

  #apply(news: ClaimNews): void {
    this.#life = withNews(this.#life, news, this.#context.timing.elapsed())
    const { end } = this.#life
    if (end !== undefined && !this.#ended.signal.aborted) {
      this.#ended.abort(new ClaimEndedError(end))
      this.news.ring()
    }
    this.#schedule()
  }

  #schedule(): void {
    this.#cancelTimer()
    const due = dueAt(this.#life)
    if (due === undefined || this.#closed.signal.aborted) return
    this.#cancelTimer = this.#context.timing.after(due - this.#context.timing.elapsed(), () => this.#look())
  }

  #look(): void {
    this.#apply({ kind: 'time_passed' })
    if (wantsBeat(this.#life, this.#context.timing.elapsed())) void this.#beat()
  }

  async #beat(): Promise<void> {
    const usage = this.#usage.next()
    this.#apply({ kind: 'beat_sent' })
    try {
      const timeoutMs = Math.min(beatIntervalMs(this.granted.leaseMs), LONGEST_BEAT_MS)
      const options = { timeoutMs, signal: this.#closed.signal }
      const answer = await this.#context.client.task.heartbeat({ ...this.word, ...(usage && { usage }) }, options)
      this.#failures = 0
      if (usage !== undefined) this.#usage.settle(usage.id)
      this.#tellRefusal(answer.usage?.refused)
      this.#apply({ kind: 'beat_answered', ...(answer.stop && { stop: answer.stop.reason }) })
      if (!this.#usage.isEmpty) this.hurry()
      this.news.ring()
    } catch (error) {
      if (!this.#closed.signal.aborted) this.#beatFailed(error, usage?.id)
    }
  }

  #beatFailed(error: unknown, report: string | undefined): void {
    const { problem, fail } = this.#context
    if (isTaken(error)) this.lose(error)
    else if (isFatal(error)) fail(error)
    else if (report !== undefined && isFabricError(error) && !error.retryable) {
      // The claim must not be lost for a report that the fabric does not take.
      this.#usage.settle(report)
      problem('usage', error, this.granted.task.id)
      this.#apply({ kind: 'beat_failed', retryMs: 0 })
    } else {
      problem('heartbeat', error, this.granted.task.id)
      this.#apply({ kind: 'beat_failed', retryMs: backoffMs(this.#failures, LONGEST_BEAT_MS) })
      this.#failures += 1
    }
  }

  #tellRefusal(refused: { readonly code: string; readonly message: string } | undefined): void {
    if (refused === undefined) return
    const code = isErrorCode(refused.code) ? refused.code : 'POLICY_VIOLATION'
    this.#context.problem('usage', new FabricError(code, refused.message), this.granted.task.id)
  }
}
