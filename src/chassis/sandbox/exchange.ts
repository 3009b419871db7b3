import type { Ended } from '../child/frames.js'
import type { ProcessUse } from '../jail/process-view.js'
import type { SandboxChild } from './child.js'
import { type Expected, NO_FRAMES } from './frame-reader.js'
import { watchProcess } from './process-watch.js'
import type { RunEnd } from './run.js'

/** How an exchange ended; `ended` is what the child said of it, if it did. */
export interface Outcome {
  readonly end: RunEnd
  readonly message?: string
  readonly ended?: Ended
}

export interface ExchangeBounds {
  readonly wallMs: number
  /** What the process may have used in all by the end. */
  readonly most: ProcessUse
  readonly signal?: AbortSignal
}

/**
 * Something that is asked of a child, until it is answered or cannot be any more. However it ends, it ends once; where the end is
 * not the child's own word, the child is killed.
 */
export class Exchange {
  readonly #child: SandboxChild
  /** Aborted at the end: what is under way for the child is of no use then. Most exchanges have nothing of this kind. */
  #over: AbortController | undefined
  #resolve: (outcome: Outcome) => void = () => undefined
  #reject: (fault: unknown) => void = () => undefined

  constructor(child: SandboxChild) {
    this.#child = child
  }

  get over(): AbortSignal {
    this.#over ??= new AbortController()
    return this.#over.signal
  }

  /** Asks, and hands on the frames that are expected. Rejects only with what `fail` is given. */
  async run(bounds: ExchangeBounds, expected: Expected, { ask, onFrame }: Asking): Promise<Outcome> {
    const undo = [this.#deadline(bounds.wallMs), this.#watch(bounds), this.#heed(bounds.signal)]
    try {
      return await new Promise<Outcome>((resolve, reject) => {
        this.#resolve = resolve
        this.#reject = reject
        const onEnd = () => this.#died()
        const onWrong = (what: string) => this.stop('protocol', what)
        this.#child.listen({ onFrame, onWrong, onEnd }, expected)
        if (bounds.signal?.aborted === true) this.stop('cancelled', CANCELLED)
        else if (this.#child.isOver) this.#died()
        else ask()
      })
    } finally {
      this.#over?.abort()
      this.#child.silence()
      for (const step of undo) step()
    }
  }

  /** The child has said how it ended. What else comes with these words is still held against it. */
  answered(outcome: Outcome): void {
    this.#child.expect(NO_FRAMES)
    queueMicrotask(() => this.#resolve(outcome))
  }

  /** Ends it from outside. */
  stop(end: RunEnd, message: string): void {
    if (!this.#child.isOver) this.#child.measure()
    this.#child.kill()
    this.#resolve({ end, message })
  }

  /** Ends it for a fault that is not the child's. */
  fail(fault: unknown): void {
    this.#child.kill()
    this.#reject(fault)
  }

  #died(): void {
    if (this.#child.isClosed) {
      this.stop('cancelled', 'the sandbox was closed')
      return
    }
    const lines = this.#child.complaint.split('\n')
    const outOfMemory = lines.find((line) => /out of memory/i.test(line))
    if (outOfMemory !== undefined) this.stop('memory', printable(outOfMemory))
    else this.stop('crashed', printable(lines.find((line) => /\w/.test(line)) ?? 'the process ended by itself'))
  }

  #deadline(wallMs: number): () => void {
    const timer = setTimeout(() => this.stop('deadline', `it took longer than ${wallMs} ms`), wallMs)
    return () => clearTimeout(timer)
  }

  #watch({ most }: ExchangeBounds): () => void {
    const words = { cpu: 'it used up its processor time', memory: 'its process had more memory than it may' }
    const use = () => this.#child.measure()
    return watchProcess({ use, most, onBeyond: (end) => this.stop(end, words[end]) })
  }

  #heed(signal: AbortSignal | undefined): () => void {
    const cancel = () => this.stop('cancelled', CANCELLED)
    signal?.addEventListener('abort', cancel, { once: true })
    return () => signal?.removeEventListener('abort', cancel)
  }
}

export interface Asking {
  ask(): void
  onFrame(type: number, content: Uint8Array): void
}

const CANCELLED = 'the caller ended it'
const MESSAGE_CHARS = 512

function printable(text: string): string {
  return text.replace(/[^ -~]/g, '?').slice(0, MESSAGE_CHARS)
}
