import { FabricError } from '../../model/errors.js'
import type { JailLevel } from '../jail/levels.js'
import { ADMISSION_PROGRAM } from '../jail/program.js'
import { refuseModule } from '../refusal.js'
import { SandboxChild } from '../sandbox/child.js'
import { Exchange } from '../sandbox/exchange.js'
import { jailFinder } from '../sandbox/find-jail.js'
import { FROM_ADMISSION } from './admission-frames.js'
import { readRefusal } from './said-refusal.js'

/** What a process may take that looks at a module. */
export interface ProcessBounds {
  /** For each answer. */
  readonly wallMs: number
  /** Memory beyond what it starts with. */
  readonly dataBytes: number
}

/** Of a refusal, or of why there is no answer. */
const WORDS_BYTES = 16 * 1024
/** The main thread and those that collect garbage. */
const THREADS = 4

/**
 * A process that looks at hostile bytes, in the strongest jail that this machine has. It ends when it takes too long or too much,
 * and with the process that started it; whatever it says is taken as hostile too.
 */
export class AdmissionProcess {
  readonly #child: SandboxChild
  readonly #bounds: ProcessBounds

  private constructor(child: SandboxChild, bounds: ProcessBounds) {
    this.#child = child
    this.#bounds = bounds
  }

  /** Throws POLICY_VIOLATION where the jail is weaker than it must be, and UNAVAILABLE when there is no process to be had. */
  static async start(bounds: ProcessBounds, minimumJail?: JailLevel): Promise<AdmissionProcess> {
    const child = await SandboxChild.start(await jailFinder().find(minimumJail), ADMISSION_PROGRAM)
    try {
      await child.limit(bounds.dataBytes)
      return new AdmissionProcess(child, bounds)
    } catch (error) {
      child.kill()
      throw error
    }
  }

  get level(): JailLevel {
    return this.#child.level
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** Tells it something that has no answer. */
  tell(type: number, content: Uint8Array): void {
    this.#child.send(type, content)
  }

  /** Its answer, of so many bytes at most. Throws what it refuses the module for; `not_validated` when there is no answer. */
  async ask(type: number, content: Uint8Array, mostBytes: number): Promise<Uint8Array> {
    const { wallMs, dataBytes } = this.#bounds
    const { use, bytesAtStart } = this.#child
    const exchange = new Exchange(this.#child)
    const answers: { readonly type: number; readonly content: Uint8Array }[] = []
    const expected = new Map<number, number>([
      [FROM_ADMISSION.done, mostBytes],
      [FROM_ADMISSION.refused, WORDS_BYTES],
      [FROM_ADMISSION.failed, WORDS_BYTES],
    ])
    const most = { cpuMs: use.cpuMs + wallMs * THREADS, residentBytes: bytesAtStart + dataBytes }
    const { end, message } = await exchange.run({ wallMs, most }, expected, {
      ask: () => this.#child.send(type, content),
      onFrame: (kind, said) => {
        answers.push({ type: kind, content: said })
        exchange.answered({ end: 'completed' })
      },
    })
    const [answer] = answers
    if (end !== 'completed' || answer === undefined) {
      throw refuseModule('not_validated', `it did not get through admission (${message ?? end})`)
    }
    return contentOf(answer)
  }

  kill(): void {
    this.#child.kill()
  }
}

function contentOf({ type, content }: { readonly type: number; readonly content: Uint8Array }): Uint8Array {
  if (type === FROM_ADMISSION.done) return content
  if (type === FROM_ADMISSION.refused) throw readRefusal(content)
  throw new FabricError(
    'INTERNAL',
    Buffer.from(content)
      .toString()
      .replace(/[^ -~]/g, '?'),
  )
}
