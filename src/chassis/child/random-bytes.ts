const CONSTANTS = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574] as const
/** Place of the block counter in the state. */
const COUNTER = 12
const BLOCK_BYTES = 64
const DOUBLE_ROUNDS = 10
/** Columns, then diagonals, of the state as a square of words. */
const QUARTERS = [
  [0, 4, 8, 12],
  [1, 5, 9, 13],
  [2, 6, 10, 14],
  [3, 7, 11, 15],
  [0, 5, 10, 15],
  [1, 6, 11, 12],
  [2, 7, 8, 13],
  [3, 4, 9, 14],
] as const

/** The key stream of ChaCha20 (RFC 8439) with a nonce of zeros: the same 32 bytes of key give the same bytes. */
export class RandomBytes {
  readonly #state = new Uint32Array(16)
  #block = new Uint8Array(0)
  #used = 0

  constructor(key: Uint8Array) {
    this.#state.set(CONSTANTS)
    const view = new DataView(key.buffer, key.byteOffset, 32)
    for (let word = 0; word < 8; word++) this.#state[4 + word] = view.getUint32(word * 4, true)
  }

  fill(target: Uint8Array): void {
    for (let at = 0; at < target.length; ) {
      if (this.#used === this.#block.length) this.#next()
      const part = this.#block.subarray(this.#used, this.#used + target.length - at)
      target.set(part, at)
      at += part.length
      this.#used += part.length
    }
  }

  #next(): void {
    const words = this.#state.slice()
    for (let round = 0; round < DOUBLE_ROUNDS; round++) {
      for (const [a, b, c, d] of QUARTERS) quarterRound(words, a, b, c, d)
    }
    this.#block = new Uint8Array(BLOCK_BYTES)
    const view = new DataView(this.#block.buffer)
    for (const [index, word] of words.entries()) view.setUint32(index * 4, word + (this.#state[index] ?? 0), true)
    this.#used = 0
    this.#count()
  }

  /** 64 bits of counter: the upper half is a word of the nonce, which is otherwise zero. */
  #count(): void {
    const [low = 0, high = 0] = this.#state.subarray(COUNTER, COUNTER + 2)
    this.#state[COUNTER] = low + 1
    if (low === 0xffffffff) this.#state[COUNTER + 1] = high + 1
  }
}

function quarterRound(words: Uint32Array, a: number, b: number, c: number, d: number): void {
  add(words, a, b)
  mix(words, d, a, 16)
  add(words, c, d)
  mix(words, b, c, 12)
  add(words, a, b)
  mix(words, d, a, 8)
  add(words, c, d)
  mix(words, b, c, 7)
}

/** A word of the array takes what is stored modulo 2^32. */
function add(words: Uint32Array, target: number, other: number): void {
  words[target] = (words[target] ?? 0) + (words[other] ?? 0)
}

function mix(words: Uint32Array, target: number, other: number, bits: number): void {
  const word = (words[target] ?? 0) ^ (words[other] ?? 0)
  words[target] = (word << bits) | (word >>> (32 - bits))
}
