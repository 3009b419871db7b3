import { placesWithoutEscapes, withoutEscapes } from './escapes.js'

const MARK = '[redacted]'
/** Escapes within escapes that are looked into. */
const LEVELS = 3

/** From where to where. */
type Span = readonly [start: number, end: number]

/**
 * Takes secrets out of what comes back, in whatever common spelling a server repeats them: as they are, in base64 or
 * hexadecimal, and each of these in the escapes of URLs, JSON and HTML. Case does not matter. Takes linear time.
 */
export class Scrubber {
  /** What is looked for, by the levels of escapes that were taken out. */
  readonly #needles: readonly (readonly string[])[]

  /** Secrets are printable ASCII. */
  constructor(secrets: readonly string[]) {
    let plain = secrets.flatMap(spellings)
    const needles = new Set<string>()
    this.#needles = Array.from({ length: secrets.length === 0 ? 0 : LEVELS + 1 }, () => {
      for (const text of plain) needles.add(text.toLowerCase())
      // A secret may itself look like an escape, and loses that together with the text around it.
      plain = plain.map(withoutEscapes)
      return [...needles]
    })
  }

  /** `text` has no characters beyond Latin-1. */
  finds(text: string): boolean {
    let inner = text
    return this.#needles.some((needles) => {
      const lower = inner.toLowerCase()
      inner = withoutEscapes(inner)
      return needles.some((needle) => lower.includes(needle))
    })
  }

  text(text: string): string {
    if (!this.finds(text)) return text
    let shown = ''
    let from = 0
    for (const [start, end] of this.#spans(text).sort(([one], [other]) => one - other)) {
      if (start >= from) shown += text.slice(from, start) + MARK
      from = Math.max(from, end)
    }
    return shown + text.slice(from)
  }

  /** Bytes of any encoding that has ASCII in it. */
  bytes(bytes: Buffer): Buffer {
    const text = bytes.toString('latin1')
    const shown = this.text(text)
    return shown === text ? bytes : Buffer.from(shown, 'latin1')
  }

  /** Where it is found, on whatever level of escapes, as places of `text` itself. */
  #spans(text: string): Span[] {
    const found: Span[] = []
    let inner = text
    let places = Uint32Array.from({ length: text.length + 1 }, (_, at) => at)
    for (const needles of this.#needles) {
      const lower = inner.toLowerCase()
      for (const needle of needles) {
        for (let at = lower.indexOf(needle); at !== -1; at = lower.indexOf(needle, at + needle.length)) {
          found.push([places[at] ?? 0, places[at + needle.length] ?? text.length])
        }
      }
      const outer = places
      places = placesWithoutEscapes(inner).map((place) => outer[place] ?? text.length)
      inner = withoutEscapes(inner)
    }
    return found
  }
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
