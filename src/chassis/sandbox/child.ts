import { FabricError } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'
import { FRAME_HEAD_BYTES, FROM_CHILD } from '../child/frames.js'
import type { Jail } from '../jail/jail.js'
import type { JailLevel } from '../jail/levels.js'
import { limitProcess } from '../jail/process-limits.js'
import { dataBytes, type ProcessUse, ProcessView } from '../jail/process-view.js'
import type { JailedProgram } from '../jail/program.js'
import { JailedProcess, type ProcessEnd } from '../jail/start.js'
import { type Expected, FrameReader, NO_FRAMES } from './frame-reader.js'

/** Below this, copying costs less than a second write. */
const SMALL_BYTES = 16 * 1024
const NOTHING = new Uint8Array(0)

/** One child process, and frames to and from it. It may say something only while it has a listener that expects it. */
export class SandboxChild {
  readonly #process: JailedProcess
  #expected = NO_FRAMES
  #listener: FrameListener | undefined
  #isOver = false
  #use: ProcessUse = { cpuMs: 0, residentBytes: 0 }
  #bytesAtStart = 0
  #view: ProcessView | undefined
  #isClosed = false

  private constructor(jail: Jail, program: JailedProgram) {
    this.#process = new JailedProcess(jail, program)
    const reader = new FrameReader(
      () => this.#expected,
      (type, content) => this.#listener?.onFrame(type, content),
    )
    this.#process.fromProgram.on('data', (chunk: Buffer) => {
      if (this.#isOver) return
      const wrong = reader.push(chunk)
      if (wrong !== undefined) this.#refuse(wrong)
    })
    this.#process.ended.then(
      () => this.#end(),
      () => this.#end(),
    )
  }

  /** A child that waits for work. Throws UNAVAILABLE when there comes none. */
  static async start(jail: Jail, program: JailedProgram): Promise<SandboxChild> {
    const child = new SandboxChild(jail, program)
    const timer = setTimeout(() => child.kill(), LIMITS.sandboxStartMs)
    try {
      await child.#ready()
      return child
    } catch (error) {
      child.kill()
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  get level(): JailLevel {
    return this.#process.jail.level
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  /** What it had used when it was measured last. */
  get use(): ProcessUse {
    return this.#use
  }

  /** Memory that it may have had before it had anything of a guest: what it had, and what it could have used of its own. */
  get bytesAtStart(): number {
    return this.#bytesAtStart
  }

  /** Measures it; undefined when it is gone, or where there is no way to. */
  measure(): ProcessUse | undefined {
    const use = this.#view?.use()
    this.#use = use ?? this.#use
    return use
  }

  /** Whether it is gone, or about to be. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** Whether it was ended because nobody needs it any more. */
  get isClosed(): boolean {
    return this.#isClosed
  }

  /** When it is gone. Rejects when it could not be started. */
  get ended(): Promise<ProcessEnd> {
    return this.#process.ended
  }

  /** What it wrote to its standard error, which nobody reads while all is well. */
  get complaint(): string {
    return this.#process.complaint
  }

  /** From now on only these frames may come, and go to the listener. */
  listen(listener: FrameListener, expected: Expected): void {
    this.#listener = listener
    this.#expected = expected
  }

  expect(expected: Expected): void {
    this.#expected = expected
  }

  /** Whatever it says now is one word too many. */
  silence(): void {
    this.#listener = undefined
    this.#expected = NO_FRAMES
  }

  send(type: number, content: Uint8Array): void {
    const head = Buffer.allocUnsafe(FRAME_HEAD_BYTES)
    head.writeUInt32LE(content.length, 0)
    head.writeUInt8(type, 4)
    const { toProgram } = this.#process
    if (content.length < SMALL_BYTES) {
      toProgram.write(Buffer.concat([head, content]))
      return
    }
    toProgram.write(head)
    toProgram.write(content)
  }

  /** When nothing that was sent waits here any more: it has gone into the pipe, or the child is gone. */
  flushed(): Promise<void> {
    const { toProgram } = this.#process
    if (toProgram.writableLength === 0) return Promise.resolve()
    return new Promise((resolve) => toProgram.write(NOTHING, () => resolve()))
  }

  /** Bounds its memory at what it has now and so many bytes. Throws UNAVAILABLE where that cannot be done and should be. */
  async limit(moreBytes: number): Promise<void> {
    if (!this.#process.jail.isLimited || this.#isOver) return
    const { pid } = this
    if (pid === undefined) {
      const message = 'Cannot find a process of the sandbox to limit its memory. Mount /proc with task/*/children.'
      throw new FabricError('UNAVAILABLE', message)
    }
    await limitProcess(pid, moreBytes)
  }

  close(): void {
    this.#isClosed = true
    this.kill()
  }

  kill(): void {
    this.#isOver = true
    this.#process.kill()
  }

  #refuse(wrong: string): void {
    const listener = this.#listener
    this.kill()
    listener?.onWrong(wrong)
  }

  #end(): void {
    this.#isOver = true
    this.#view?.close()
    this.#view = undefined
    this.#listener?.onEnd()
  }

  #ready(): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const fail = (why: string) =>
        reject(new FabricError('UNAVAILABLE', `A process of the sandbox does not start: ${why}`))
      const onEnd = () => fail(this.complaint || 'it ended, or took too long.')
      this.#process.ended.catch(reject)
      this.listen({ onFrame: () => resolve(), onWrong: fail, onEnd }, new Map([[FROM_CHILD.ready, 0]]))
    }).then(() => {
      this.silence()
      const { pid } = this
      this.#view = pid === undefined || this.#isOver ? undefined : ProcessView.of(pid)
      this.measure()
      this.#bytesAtStart = this.#use.residentBytes + (dataBytes(this.pid ?? 0) ?? 0)
    })
  }
}

export interface FrameListener {
  onFrame(type: number, content: Uint8Array): void
  /** It said what it may not, and was killed. */
  onWrong(what: string): void
  /** It is gone. */
  onEnd(): void
}
