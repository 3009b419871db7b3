import { hash } from 'node:crypto'
import { assertInvariant } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'
import {
  decodeEnded,
  END_MESSAGE_BYTES,
  ENDED_HEAD_BYTES,
  type Ended,
  encodeCall,
  FROM_CHILD,
  GUEST_LOG_LEVELS,
  GUEST_PROFILES,
  LOG_LINE_BYTES,
  TO_CHILD,
} from '../child/frames.js'
import type { ContractLimits } from '../contract/contract.js'
import type { JailLevel } from '../jail/levels.js'
import { cpuBudgetMs, memoryBudget } from './budgets.js'
import type { SandboxChild } from './child.js'
import { Exchange, type ExchangeBounds, type Outcome } from './exchange.js'
import { type Expected, NO_FRAMES } from './frame-reader.js'
import type { LoadedModule, RunReport, RunRequest } from './run.js'

const NOTHING = new Uint8Array(0)
/** One more than is looked at, so that the host can see that a line was cut. */
const LOG_LINE_MOST_BYTES = LIMITS.guestLogScanBytes + 1

/**
 * Gives a new child its module and its bound on memory. Undefined when it is ready for calls, otherwise how that ended: then the
 * child is of no use.
 */
export async function loadModule(
  child: SandboxChild,
  module: LoadedModule,
  signal?: AbortSignal,
): Promise<Outcome | undefined> {
  child.measure()
  await child.limit(memoryBudget(module))
  const exchange = new Exchange(child)
  const expected: Expected = new Map([
    [FROM_CHILD.loaded, 0],
    [FROM_CHILD.ended, ENDED_HEAD_BYTES + END_MESSAGE_BYTES],
  ])
  const bounds = boundsOf(child, module, { wallMs: LIMITS.sandboxLoadMs, cpuMs: LIMITS.sandboxLoadMs }, signal)
  const outcome = await exchange.run(bounds, expected, {
    ask: () =>
      child.send(TO_CHILD.load, Buffer.concat([Uint8Array.of(GUEST_PROFILES.indexOf(module.profile)), module.metered])),
    onFrame: (type, content) => exchange.answered(type === FROM_CHILD.loaded ? LOADED : refusalOf(content)),
  })
  if (outcome === LOADED) {
    child.measure()
    return undefined
  }
  child.kill()
  return outcome
}

const LOADED: Outcome = { end: 'completed' }

/** Calls the module of a child. After an end that is bad the child is killed. */
export async function callModule(child: SandboxChild, request: RunRequest): Promise<RunReport> {
  const { module, signal } = request
  const { wallMs } = module.limits
  const call = new Call(child, request)
  const cpuMsBefore = child.use.cpuMs
  const began = performance.now()
  const outcome = await call.run(boundsOf(child, module, { wallMs, cpuMs: cpuBudgetMs(module.limits) }, signal))
  const elapsed = performance.now() - began
  if (!child.isOver) child.measure()
  if (outcome.end !== 'completed' && outcome.end !== 'failed') child.kill()
  return {
    ...emptyReport(child.level, outcome),
    wallMs: elapsed,
    cpuMs: child.use.cpuMs - cpuMsBefore,
    hostCalls: call.hostCalls,
  }
}

/** The report of a call that cost nothing yet. */
export function emptyReport(jail: JailLevel, { end, message, ended }: Outcome): RunReport {
  return {
    end,
    ...(message !== undefined && message !== '' && { message }),
    ...((end === 'completed' || end === 'failed') && ended !== undefined && { code: ended.code }),
    output: ended?.output ?? NOTHING,
    fuel: ended?.fuelUsed ?? 0,
    memoryBytes: ended?.memoryBytes ?? 0,
    wallMs: 0,
    cpuMs: 0,
    hostCalls: 0,
    jail,
  }
}

/** What the guest says during a call, and what it is answered. */
class Call {
  hostCalls = 0
  readonly #child: SandboxChild
  readonly #request: RunRequest
  readonly #exchange: Exchange
  readonly #expected: Expected
  #logBytes = 0
  #logLines = 0
  #logFull = false

  constructor(child: SandboxChild, request: RunRequest) {
    const { outputBytes, logBytes } = request.module.limits
    this.#child = child
    this.#request = request
    this.#exchange = new Exchange(child)
    this.#expected = new Map([
      [FROM_CHILD.log, 1 + Math.min(logBytes, LOG_LINE_MOST_BYTES)],
      [FROM_CHILD.logFull, 0],
      [FROM_CHILD.request, LIMITS.egressRequestBytes],
      [FROM_CHILD.ended, ENDED_HEAD_BYTES + END_MESSAGE_BYTES + outputBytes],
    ])
  }

  run(bounds: ExchangeBounds): Promise<Outcome> {
    return this.#exchange.run(bounds, this.#expected, {
      ask: () => this.#ask(),
      onFrame: (type, content) => this.#take(type, content),
    })
  }

  #ask(): void {
    const { input, seed, module } = this.#request
    const { fuel, outputBytes, logBytes } = module.limits
    const { egressRequestBytes: requestBytes, sandboxLogLines: logLines } = LIMITS
    const key = hash('sha256', seed, 'buffer')
    const log = { logBytes, logLines, logLineBytes: LOG_LINE_MOST_BYTES }
    this.#child.send(TO_CHILD.call, encodeCall({ fuel, outputBytes, requestBytes, ...log, key, input }))
  }

  #take(type: number, content: Uint8Array): void {
    if (type === FROM_CHILD.log) this.#log(content)
    else if (type === FROM_CHILD.logFull) this.#fillLog()
    else if (type === FROM_CHILD.request) void this.#answer(content)
    else this.#exchange.answered(endOf(content, this.#request.module.limits))
  }

  /** The child keeps to these bounds too. One that does not is not ours any more. */
  #log(content: Uint8Array): void {
    const { logBytes } = this.#request.module.limits
    const level = GUEST_LOG_LEVELS[content[0] ?? GUEST_LOG_LEVELS.length]
    this.hostCalls += 1
    this.#logLines += 1
    this.#logBytes += LOG_LINE_BYTES + content.length - 1
    const isTooMuch = this.#logBytes > logBytes || this.#logLines > LIMITS.sandboxLogLines
    if (level === undefined || isTooMuch) this.#exchange.stop('protocol', 'it sent a log line that it may not')
    else this.#guard(() => this.#request.host.log(level, content.subarray(1)))
  }

  #fillLog(): void {
    if (this.#logFull) this.#exchange.stop('protocol', 'it said twice that its log is full')
    else this.#guard(() => this.#request.host.logFull())
    this.#logFull = true
  }

  /**
   * Until it is answered the child waits, and has nothing to say. One that asks without reading what it is sent gets no further
   * than this: no more than one answer is ever kept for it.
   */
  async #answer(request: Uint8Array): Promise<void> {
    this.hostCalls += 1
    this.#child.expect(NO_FRAMES)
    try {
      await this.#child.flushed()
      if (this.#exchange.over.aborted) return
      const answer = await this.#request.host.httpRequest(request, this.#exchange.over)
      assertInvariant(answer.length <= LIMITS.sandboxAnswerBytes, 'the answer to a guest is larger than it may be')
      if (this.#exchange.over.aborted) return
      this.#child.expect(this.#expected)
      this.#child.send(TO_CHILD.answer, answer)
    } catch (fault) {
      this.#exchange.fail(fault)
    }
  }

  #guard(work: () => void): void {
    try {
      work()
    } catch (fault) {
      this.#exchange.fail(fault)
    }
  }
}

function boundsOf(
  child: SandboxChild,
  module: LoadedModule,
  { wallMs, cpuMs }: { readonly wallMs: number; readonly cpuMs: number },
  signal: AbortSignal | undefined,
): ExchangeBounds {
  const { use, bytesAtStart } = child
  const most = { cpuMs: use.cpuMs + cpuMs, residentBytes: bytesAtStart + memoryBudget(module) }
  return { wallMs, most, ...(signal !== undefined && { signal }) }
}

/** Why a module did not compile. Nothing of it ran, so it can have no end of its own. */
function refusalOf(content: Uint8Array): Outcome {
  const outcome = endOf(content)
  const isPossible = outcome.end !== 'completed' && outcome.end !== 'failed'
  return isPossible ? outcome : { end: 'protocol', message: IMPOSSIBLE }
}

const IMPOSSIBLE = 'it told of an end that cannot be'

/** What the child says of an end; `protocol` for what our program would not say. */
function endOf(content: Uint8Array, limits?: ContractLimits): Outcome {
  const ended = decodeEnded(content)
  if (ended === undefined || !isWithin(ended, limits)) return { end: 'protocol', message: IMPOSSIBLE }
  return { end: ended.end, message: ended.message, ended }
}

/** Without limits nothing ran that could have used any of it. */
function isWithin({ fuelUsed, memoryBytes, output }: Ended, limits: ContractLimits | undefined): boolean {
  if (limits === undefined) return fuelUsed === 0 && memoryBytes === 0 && output.length === 0
  return fuelUsed <= limits.fuel && memoryBytes <= limits.memoryBytes && output.length <= limits.outputBytes
}
