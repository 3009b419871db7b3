import type { LogLevel } from '../../model/log-level.js'
import type { Redactor } from '../../witness/redact.js'
import type { ContractLimits } from '../contract/contract.js'
import type { Egress, EgressAnswer, EgressContext } from '../egress/egress.js'
import type { EgressCode } from '../egress/refusal.js'
import type { HostCalls } from '../sandbox/run.js'
import type { CallRates } from './call-rates.js'
import { GuestLog, type GuestLogLine } from './guest-log.js'

export interface RunHostCallsOptions {
  readonly swarm: string
  readonly limits: ContractLimits
  /** One for all runs of all swarms. */
  readonly rates: CallRates
  readonly redactor: Pick<Redactor, 'redactText'>
  readonly egress: Egress
  readonly context: EgressContext
}

/** What a module called during one run. */
export interface HostCallCounts {
  /** Lines that were logged, and those of them that were dropped. */
  readonly lines: number
  readonly droppedLines: number
  readonly requests: number
  /** Requests without a response, by the code of their answer. */
  readonly refusals: Readonly<Partial<Record<EgressCode, number>>>
}

/** What one run of a module reaches outside of the sandbox. */
export class RunHostCalls implements HostCalls {
  readonly #options: RunHostCallsOptions
  readonly #log: GuestLog
  readonly #refusals: Partial<Record<EgressCode, number>> = {}
  #lines = 0
  #requests = 0

  constructor(options: RunHostCallsOptions) {
    this.#options = options
    this.#log = new GuestLog(options.redactor, options.limits.logBytes)
  }

  /** What the module logged so far, and how many lines of it were dropped. */
  get lines(): readonly GuestLogLine[] {
    return this.#log.lines
  }

  get counts(): HostCallCounts {
    return {
      lines: this.#lines,
      droppedLines: this.#log.dropped,
      requests: this.#requests,
      refusals: { ...this.#refusals },
    }
  }

  log(level: LogLevel, text: Uint8Array): void {
    const { swarm, limits, rates } = this.#options
    this.#lines += 1
    if (rates.takeLine(swarm, limits.hostCallsPerSecond) > 0) this.#log.drop()
    else this.#log.add(level, text)
  }

  logFull(): void {
    this.#log.fill()
  }

  async httpRequest(request: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    this.#requests += 1
    const answer =
      (await this.#rateLimited(signal)) ?? (await this.#options.egress.request(request, this.#options.context, signal))
    if ('error' in answer) {
      const { code } = answer.error
      this.#refusals[code] = (this.#refusals[code] ?? 0) + 1
    }
    return encodeAnswer(answer)
  }

  async #rateLimited(signal: AbortSignal): Promise<EgressAnswer | undefined> {
    const { swarm, limits, rates } = this.#options
    const perSecond = limits.hostCallsPerSecond
    const waitMs = rates.takeRequest(swarm, perSecond)
    if (waitMs === 0) return undefined
    await rates.hold(waitMs, signal)
    const fix = perSecond === 0 ? '' : ` This answer waited ${waitMs} ms for the next one: send the request again.`
    const message = `The contract allows ${perSecond} requests in a second.${fix}`
    return { error: { code: 'RATE_LIMITED', message } }
  }
}

/** The JSON that a module reads, in UTF-8. */
function encodeAnswer(answer: EgressAnswer): Uint8Array {
  if ('error' in answer) return Buffer.from(JSON.stringify(answer))
  const { status, headers, body } = answer
  return Buffer.from(JSON.stringify({ status, headers, body: Buffer.from(body).toString('base64') }))
}
