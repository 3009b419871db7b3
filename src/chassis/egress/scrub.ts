import { EscapedText, withoutEscapes } from './escapes.js'
import { type OnFound, WordSearch } from './word-search.js'

const MARK = Buffer.from('[redacted]')
/** Escapes within escapes that are looked into. */
const LEVELS = 3

/**
 * Takes secrets out of what comes back, in whatever common spelling a server repeats them: as they are, in base64 or
 * hexadecimal, and each of these in the escapes of URLs, JSON and HTML, also in UTF-16 or UTF-32. Case does not matter. Takes
 * linear time.
 */
export class Scrubber {
  readonly #words: WordSearch | undefined

  /** Secrets are printable ASCII. */
  constructor(secrets: readonly string[]) {
    if (secrets.length > 0) this.#words = new WordSearch(wordsOf(secrets))
  }

  /** `text` has no characters beyond Latin-1. */
  finds(text: string): boolean {
    return !this.#search(Buffer.from(text, 'latin1'), () => false)
  }

  /** The same holds for it. */
  text(text: string): string {
    const bytes = Buffer.from(text, 'latin1')
    const shown = this.bytes(bytes)
    return shown === bytes ? text : shown.toString('latin1')
  }

  /** Bytes of any encoding that has ASCII in it, with zeros between or without. */
  bytes(bytes: Buffer): Buffer {
    let startOf: Uint32Array | undefined
    this.#search(bytes, (start, next) => {
      let end = next
      // Zeros were left out before; those behind it are not of the secret.
      while (end > start && bytes[end - 1] === 0) end -= 1
      startOf ??= new Uint32Array(bytes.length + 1).fill(bytes.length)
      startOf[end] = Math.min(start, startOf[end] ?? start)
      return true
    })
    return startOf === undefined ? bytes : marked(bytes, startOf)
  }

  /** Calls `onFound` with the places of what is found, on whatever level of escapes. False when it said so. */
  #search(bytes: Uint8Array, onFound: OnFound): boolean {
    if (this.#words === undefined) return true
    const text = new EscapedText(bytes)
    const { places } = text
    const onPlaces: OnFound = (start, end) => onFound(places[start] ?? 0, places[end] ?? bytes.length)
    for (let level = 0; level <= LEVELS; level += 1) {
      if (!this.#words.search(text.bytes, text.length, onPlaces)) return false
      if (level === LEVELS || !text.unescape()) break
    }
    return true
  }
}

/** `startOf` has for each end of something found where that begins. What overlaps or touches gets one mark. */
function marked(bytes: Buffer, startOf: Uint32Array): Buffer {
  const kept: Buffer[] = []
  let end = bytes.length
  for (let at = bytes.length; at > 0; ) {
    if ((startOf[at] ?? at) >= at) {
      at -= 1
      continue
    }
    kept.push(bytes.subarray(at, end), MARK)
    let start = at
    for (; at > 0 && at >= start; at -= 1) start = Math.min(start, startOf[at] ?? start)
    at = start
    end = start
  }
  kept.push(bytes.subarray(0, end))
  return Buffer.concat(kept.reverse())
}

/** What is looked for, on each level of escapes. */
function wordsOf(secrets: readonly string[]): string[] {
  const words = new Set<string>()
  let plain = secrets.flatMap(spellings).map((text) => text.toLowerCase())
  for (let level = 0; level <= LEVELS; level += 1) {
    for (const text of plain) words.add(text)
    // A secret may itself look like an escape, and loses that together with the text around it.
    plain = plain.map(withoutEscapes)
  }
  return [...words]
}

/** A secret as it is, in hexadecimal and in base64. Where it has spaces, forms have plus signs. */
function spellings(secret: string): string[] {
  return [secret, secret.replaceAll(' ', '+'), Buffer.from(secret).toString('hex'), ...base64Forms(secret)]
}

/**
 * What base64 makes of it at each of the three places where it can begin, with unknown text before and behind: the digits
 * that are of the secret alone. And what it makes of it by itself, with padding.
 */
function base64Forms(secret: string): string[] {
  const inside = [0, 1, 2].map((offset) => {
    const bits = 8 * (offset + secret.length)
    const digits = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)]).toString('base64')
    return digits.slice(Math.ceil((8 * offset) / 6), Math.floor(bits / 6))
  })
  const alone = Buffer.from(secret).toString('base64')
  return [...inside, alone, alone.replace(/=+$/, '')].flatMap((form) => {
    return [form, form.replaceAll('+', '-').replaceAll('/', '_')]
  })
}
