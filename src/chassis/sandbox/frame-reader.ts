import { FRAME_HEAD_BYTES } from '../child/frames.js'

/** Types of frames that may come now, each with the most bytes that its content may have. */
export type Expected = ReadonlyMap<number, number>
export const NO_FRAMES: Expected = new Map()

/**
 * Reads frames out of what a child sends. Nothing of a frame is kept that is not expected, or larger than it may be: the first
 * five bytes are enough to see that.
 */
export class FrameReader {
  #chunks: Buffer[] = []
  #held = 0
  readonly #expected: () => Expected
  readonly #take: (type: number, content: Uint8Array) => void

  /** `take` gets each frame in turn, and `expected` is asked before each: a frame can change what may follow. */
  constructor(expected: () => Expected, take: (type: number, content: Uint8Array) => void) {
    this.#expected = expected
    this.#take = take
  }

  /** What is wrong with the bytes, or undefined. After the first wrong ones there is nothing more to read. */
  push(chunk: Buffer): string | undefined {
    this.#chunks.push(chunk)
    this.#held += chunk.length
    for (;;) {
      if (this.#held < FRAME_HEAD_BYTES) return this.#held === 0 ? undefined : this.#checkType()
      const head = this.#peek(FRAME_HEAD_BYTES)
      const length = head.readUInt32LE(0)
      const type = head.readUInt8(4)
      const most = this.#expected().get(type)
      if (most === undefined) return `it sent a frame of type ${type} when it may not`
      if (length > most) return `it sent a frame of ${length} bytes, and ${most} are allowed`
      if (this.#held < FRAME_HEAD_BYTES + length) return undefined
      this.#take(type, this.#pull(FRAME_HEAD_BYTES + length).subarray(FRAME_HEAD_BYTES))
    }
  }

  /** Also a piece of a frame is one too much where none may come. */
  #checkType(): string | undefined {
    return this.#expected().size === 0 ? 'it sent something when it may not' : undefined
  }

  #peek(length: number): Buffer {
    const [first] = this.#chunks
    if (first !== undefined && first.length >= length) return first
    const all = Buffer.concat(this.#chunks)
    this.#chunks = [all]
    return all
  }

  #pull(length: number): Buffer {
    const all = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks)
    const rest = all.subarray(length)
    this.#chunks = rest.length > 0 ? [rest] : []
    this.#held -= length
    return all.subarray(0, length)
  }
}
