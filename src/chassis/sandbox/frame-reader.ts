import { FRAME_HEAD_BYTES } from '../child/frames.js'

/** Types of frames that may come now, each with the most bytes that its content may have. */
export type Expected = ReadonlyMap<number, number>
export const NO_FRAMES: Expected = new Map()

const NOTHING = Buffer.alloc(0)
/** Room for the first piece of a content that comes in pieces. */
const FIRST_ROOM_BYTES = 4_096

/**
 * Reads frames out of what a child sends. Nothing of a frame is kept that is not expected, or larger than it may be: the first
 * five bytes are enough to see that. What is kept are its bytes and no pieces, however small those are that it comes in.
 */
export class FrameReader {
  readonly #head = Buffer.alloc(FRAME_HEAD_BYTES)
  #headBytes = 0
  /** Room for the content, which grows with what has come of it, and how much has. */
  #content = NOTHING
  #contentBytes = 0
  readonly #expected: () => Expected
  readonly #take: (type: number, content: Uint8Array) => void

  /** `take` gets each frame in turn, and `expected` is asked before each: a frame can change what may follow. */
  constructor(expected: () => Expected, take: (type: number, content: Uint8Array) => void) {
    this.#expected = expected
    this.#take = take
  }

  /** What is wrong with the bytes, or undefined. After the first wrong ones there is nothing more to read. */
  push(chunk: Buffer): string | undefined {
    let rest = chunk
    for (;;) {
      rest = rest.subarray(this.#readHead(rest))
      if (this.#headBytes < FRAME_HEAD_BYTES) return this.#headBytes === 0 ? undefined : this.#checkType()
      const length = this.#head.readUInt32LE(0)
      const type = this.#head.readUInt8(4)
      const most = this.#expected().get(type)
      if (most === undefined) return `it sent a frame of type ${type} when it may not`
      if (length > most) return `it sent a frame of ${length} bytes, and ${most} are allowed`
      const missing = length - this.#contentBytes
      if (rest.length < missing) {
        this.#keep(rest, length)
        return undefined
      }
      const content = this.#complete(rest.subarray(0, missing), length)
      rest = rest.subarray(missing)
      this.#take(type, content)
    }
  }

  /** Also a piece of a frame is one too much where none may come. */
  #checkType(): string | undefined {
    return this.#expected().size === 0 ? 'it sent something when it may not' : undefined
  }

  /** How many bytes it took. */
  #readHead(bytes: Buffer): number {
    const copied = bytes.copy(this.#head, this.#headBytes)
    this.#headBytes += copied
    return copied
  }

  /** Twice the room each time that it is used up, so that no byte is copied more than a few times. */
  #keep(piece: Buffer, length: number): void {
    const needed = this.#contentBytes + piece.length
    if (needed > this.#content.length) {
      const room = Math.min(length, Math.max(needed, this.#content.length * 2, FIRST_ROOM_BYTES))
      const larger = Buffer.allocUnsafeSlow(room)
      this.#content.copy(larger, 0, 0, this.#contentBytes)
      this.#content = larger
    }
    piece.copy(this.#content, this.#contentBytes)
    this.#contentBytes = needed
  }

  /** The content with its last piece. One that came whole is not copied. */
  #complete(piece: Buffer, length: number): Buffer {
    if (this.#contentBytes > 0) this.#keep(piece, length)
    const content = this.#contentBytes > 0 ? this.#content : piece
    this.#headBytes = 0
    this.#content = NOTHING
    this.#contentBytes = 0
    return content
  }
}
