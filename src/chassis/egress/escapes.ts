const PERCENT = 0x25
const AMPERSAND = 0x26
const BACKSLASH = 0x5c
const HASH = 0x23
const SEMICOLON = 0x3b
const SMALL_U = 0x75
const SMALL_X = 0x78

const NAMES = Object.entries({ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }).map(([name, meaning]) => {
  return { name: Buffer.from(`${name};`), code: meaning.charCodeAt(0) }
})
/** Those that begin with a byte. */
const NAMED = Array.from({ length: 256 }, (_, byte) => NAMES.filter(({ name }) => name[0] === byte))
/** What a backslash may stand before, to mean just that. */
const QUOTED = new Set(Buffer.from('"\'/\\'))

const LOWER = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte))
/** Value of a digit, 255 for what is none. */
const DIGIT = Uint8Array.from({ length: 256 }, (_, byte) => {
  const digit = '0123456789abcdef'.indexOf(String.fromCharCode(byte))
  return digit === -1 ? 255 : digit
})
/** Beyond any character; the number may have any length. */
const LARGE = 0x10_000

/**
 * A text whose escapes are taken out level by level, in small letters and without zero bytes, so that UTF-16 and UTF-32 read as
 * ASCII does. All of it takes linear time, in arrays that are made once: nobody else runs meanwhile.
 */
export class EscapedText {
  readonly bytes: Uint8Array
  /** Where each byte begins in the text that was given, and behind the last one where that ends. */
  readonly places: Uint32Array
  #length = 0

  constructor(given: Uint8Array) {
    const bytes = new Uint8Array(given.length)
    const places = new Uint32Array(given.length + 1)
    let to = 0
    for (let from = 0; from < given.length; from += 1) {
      const byte = given[from] ?? 0
      if (byte === 0) continue
      bytes[to] = LOWER[byte] ?? 0
      places[to] = from
      to += 1
    }
    places[to] = given.length
    this.bytes = bytes
    this.places = places
    this.#length = to
  }

  /** Bytes that count. */
  get length(): number {
    return this.#length
  }

  /** Takes one level of the escapes of URLs, JSON, JavaScript and HTML out. Whether there were any. */
  unescape(): boolean {
    const { bytes, places } = this
    const end = this.#length
    // What is written is never ahead of what is read.
    let to = 0
    for (let from = 0; from < end; to += 1) {
      const byte = bytes[from] ?? 0
      const found = byte === PERCENT || byte === BACKSLASH || byte === AMPERSAND ? escapeAt(bytes, from, end) : 0
      bytes[to] = found === 0 ? byte : (LOWER[found & 0xff] ?? 0)
      places[to] = places[from] ?? 0
      from += found === 0 ? 1 : found >> 8
    }
    places[to] = places[end] ?? 0
    this.#length = to
    return to < end
  }
}

/** Takes one level of escapes out of a text of ASCII, in small letters. */
export function withoutEscapes(text: string): string {
  const escaped = new EscapedText(Buffer.from(text))
  escaped.unescape()
  return Buffer.from(escaped.bytes.subarray(0, escaped.length)).toString()
}

/** The printable character that an escape means, and the number of its bytes in the bits from the ninth on; 0 where none is. */
function escapeAt(bytes: Uint8Array, at: number, end: number): number {
  const next = at + 1 < end ? bytes[at + 1] : 0
  if (bytes[at] === PERCENT) return hexadecimal(bytes, at, at + 1, end)
  if (bytes[at] === AMPERSAND) return next === HASH ? numbered(bytes, at, end) : named(bytes, at, end)
  if (next === SMALL_X) return hexadecimal(bytes, at, at + 2, end)
  if (next === SMALL_U)
    return at + 3 < end && bytes[at + 2] === 0x30 && bytes[at + 3] === 0x30 ? hexadecimal(bytes, at, at + 4, end) : 0
  return next !== undefined && QUOTED.has(next) ? meaning(next, 2) : 0
}

/** Two digits from `from` on. */
function hexadecimal(bytes: Uint8Array, at: number, from: number, end: number): number {
  if (from + 2 > end) return 0
  const high = DIGIT[bytes[from] ?? 0] ?? 255
  const low = DIGIT[bytes[from + 1] ?? 0] ?? 255
  return high > 15 || low > 15 ? 0 : meaning(high * 16 + low, from + 2 - at)
}

/** `&#65;` and `&#x41;`, with zeros before it or without. */
function numbered(bytes: Uint8Array, at: number, end: number): number {
  const base = at + 2 < end && bytes[at + 2] === SMALL_X ? 16 : 10
  const from = base === 16 ? at + 3 : at + 2
  let code = 0
  let to = from
  for (; to < end; to += 1) {
    const digit = DIGIT[bytes[to] ?? 0] ?? 255
    if (digit >= base) break
    code = Math.min(code * base + digit, LARGE)
  }
  return to > from && to < end && bytes[to] === SEMICOLON ? meaning(code, to + 1 - at) : 0
}

function named(bytes: Uint8Array, at: number, end: number): number {
  for (const { name, code } of NAMED[bytes[at + 1] ?? 0] ?? []) {
    let same = 1
    while (same < name.length && at + 1 + same < end && bytes[at + 1 + same] === name[same]) same += 1
    if (same === name.length) return meaning(code, 1 + same)
  }
  return 0
}

/** No secret has what is not printable, so an escape of it stays as it is. */
function meaning(code: number, length: number): number {
  return code >= 0x20 && code <= 0x7e ? (length << 8) | code : 0
}
