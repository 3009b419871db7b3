import type { PublishedEntry } from '../../fabric/fabric.js'

const FRAME_END = Buffer.from('\n\n')

/**
 * Writes entries as server-sent events. The last batch is kept: all who follow the whole log ask for the same one in
 * turn, and share its bytes.
 */
export class Frames {
  #first = -1
  #last = -1
  #bytes = FRAME_END

  of(batch: readonly PublishedEntry[]): Buffer {
    const first = batch[0]?.index ?? -1
    const last = batch.at(-1)?.index ?? -1
    // One with gaps was chosen for somebody.
    if (last - first + 1 !== batch.length) return framed(batch)
    if (first !== this.#first || last !== this.#last) {
      this.#bytes = framed(batch)
      this.#first = first
      this.#last = last
    }
    return this.#bytes
  }
}

/** JSON text has no raw line breaks, so an entry is one `data` line. */
function framed(batch: readonly PublishedEntry[]): Buffer<ArrayBuffer> {
  return Buffer.concat(batch.flatMap(({ index, bytes }) => [Buffer.from(`id: ${index}\ndata: `), bytes, FRAME_END]))
}
