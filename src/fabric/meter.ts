import type { RunEnded } from '../chassis/entries.js'
import type { RunEnd } from '../chassis/sandbox/run.js'
import type { ErrorCode } from '../model/errors.js'
import { COUNT_BOUNDS, Histogram } from '../model/histogram.js'
import { SECOND_MS } from '../model/time.js'
import type { FabricEntry } from './entries.js'

/** `refused` is for the caller to mend, `failed` a fault of the program. */
export type OperationOutcome = 'done' | 'refused' | 'failed'

interface OperationSeconds {
  readonly operation: string
  readonly outcome: OperationOutcome
  readonly seconds: Histogram
}

/**
 * What an engine counts since it was opened. A claim costs some fifteen microseconds, so counting is an increment and a
 * time a short loop: nothing is formatted or allocated before somebody reads it.
 */
export class Meter {
  /** Commands that were decided, refused ones too. */
  commands = 0
  /** Durable entries by type. */
  readonly entries = new Map<string, number>()
  /** Commands that were refused, by type and code. */
  readonly refusals = new Map<string, Map<ErrorCode, number>>()
  /** From the first decision of a batch to the answers. Seconds. */
  readonly commitSeconds = new Histogram()
  /** Until the journal said that a batch is durable. Seconds. */
  readonly appendSeconds = new Histogram()
  readonly batchCommands = new Histogram(COUNT_BOUNDS)
  readonly batchEntries = new Histogram(COUNT_BOUNDS)
  /** From the commit that wakes a waiting caller to what it was woken for. Seconds. */
  readonly wakeSeconds = new Histogram()
  /** Runs of modules by their end, and how long they took. Seconds. */
  readonly runs = new Map<RunEnd, number>()
  readonly runSeconds = new Histogram()
  /** Times the state was rebuilt after an append that failed. */
  recoveries = 0

  /** By operation and outcome: calls of every kind, over HTTP, sockets and MCP. */
  readonly operations = new Map<string, OperationSeconds>()

  operated(operation: string, outcome: OperationOutcome, seconds: number): void {
    const key = `${operation} ${outcome}`
    let row = this.operations.get(key)
    if (row === undefined) {
      row = { operation, outcome, seconds: new Histogram() }
      this.operations.set(key, row)
    }
    row.seconds.observe(seconds)
  }

  decided(commands: number): void {
    this.commands += commands
    this.batchCommands.observe(commands)
  }

  written(entries: readonly FabricEntry[]): void {
    if (entries.length === 0) return
    this.batchEntries.observe(entries.length)
    for (const entry of entries) {
      this.entries.set(entry.type, (this.entries.get(entry.type) ?? 0) + 1)
      if (entry.type === 'run_ended') this.#ran(entry.data)
    }
  }

  #ran({ end, wallMs }: RunEnded): void {
    this.runs.set(end, (this.runs.get(end) ?? 0) + 1)
    this.runSeconds.observe(wallMs / SECOND_MS)
  }

  refused(command: string, code: ErrorCode): void {
    const codes = this.refusals.get(command)
    if (codes === undefined) this.refusals.set(command, new Map([[code, 1]]))
    else codes.set(code, (codes.get(code) ?? 0) + 1)
  }
}
