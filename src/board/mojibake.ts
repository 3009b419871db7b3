/**
 * Repair of UTF-8 that was decoded as Windows-1252 and saved as UTF-8 again: `âœ…` for a check mark, `Ã©` for `é`.
 * Decoding follows the WHATWG index of windows-1252, in which the five bytes without a character (81 8D 8F 90 9D) pass
 * through as C1 controls. Many tools drop those on the way, so an emoji may be a byte short: `â³` for an hourglass.
 */

const CODE_POINTS_80_TO_9F = [
  0x20ac, 0x81, 0x201a, 0x192, 0x201e, 0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160, 0x2039, 0x152, 0x8d, 0x17d, 0x8f,
  0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x2dc, 0x2122, 0x161, 0x203a, 0x153, 0x9d, 0x17e, 0x178,
] as const

const BYTE_OF = new Map<number, number>(CODE_POINTS_80_TO_9F.map((codePoint, index) => [codePoint, 0x80 + index]))
for (let byte = 0xa0; byte <= 0xff; byte += 1) BYTE_OF.set(byte, byte)

/**
 * `Â`, `Ã`, `â`, `ï` and `ð` open the sequences of Latin letters, typographic signs and emoji; before the characters
 * that stand for continuation bytes they do not occur in real text. Other lead bytes do (`É”`, `é »`).
 */
const TELLING_LEADS = new Set([0xc2, 0xc3, 0xe2, 0xef, 0xf0])

/**
 * Stands in exported boards. Wrong decoding would break its last sign; while that is whole, so is the text around it, even
 * where that looks damaged because somebody wrote about damage.
 */
export const SOUND_MARK = '<!-- utf-8 ✓ -->'

/** Bytes without a character in Windows-1252. */
const DROPPED_BYTES = [0x81, 0x8d, 0x8f, 0x90, 0x9d] as const

/** How sure it is that a sequence was not meant as it stands. */
type Evidence = 'telling' | 'weak' | 'guessed'

interface Sequence {
  readonly start: number
  readonly end: number
  readonly character: string
  readonly evidence: Evidence
}

export interface Repair {
  readonly text: string
  /** Number of characters that were decoded back. */
  readonly repaired: number
  /** Line of the first of them, from 1. */
  readonly firstLine?: number
}

/**
 * Decodes back what forms valid UTF-8 and leaves everything else as it is. A sequence whose lead byte also stands in
 * real text is decoded only when the whole text is broken, that is, when no character of Windows-1252 stands alone; one
 * that lost a byte only beside others that prove the text broken, and when a single emoji fits.
 */
export function repairMojibake(text: string): Repair {
  const { sequences, strays } = findSequences(text)
  const broken = sequences.some(({ evidence }) => evidence === 'telling')
  const accepts: Readonly<Record<Evidence, boolean>> = { telling: true, weak: strays === 0, guessed: broken }
  const accepted = sequences.filter(({ evidence }) => accepts[evidence])
  const first = accepted[0]
  if (first === undefined) return { text, repaired: 0 }
  const parts: string[] = []
  let position = 0
  for (const { start, end, character } of accepted) {
    parts.push(text.slice(position, start), character)
    position = end
  }
  parts.push(text.slice(position))
  const firstLine = text.slice(0, first.start).split('\n').length
  return { text: parts.join(''), repaired: accepted.length, firstLine }
}

function findSequences(text: string): { sequences: Sequence[]; strays: number } {
  const sequences: Sequence[] = []
  let strays = 0
  let position = 0
  while (position < text.length) {
    const sequence = sequenceAt(text, position) ?? shortenedAt(text, position)
    if (sequence !== undefined) {
      sequences.push(sequence)
      position = sequence.end
      continue
    }
    if (BYTE_OF.has(text.charCodeAt(position))) strays += 1
    position += 1
  }
  return { sequences, strays }
}

function sequenceAt(text: string, start: number): Sequence | undefined {
  const lead = BYTE_OF.get(text.charCodeAt(start))
  const length = lead === undefined ? 0 : sequenceLength(lead)
  if (lead === undefined || length === 0) return undefined
  let codePoint = lead & (0x7f >> length)
  for (let offset = 1; offset < length; offset += 1) {
    const byte = BYTE_OF.get(text.charCodeAt(start + offset))
    if (byte === undefined || byte >= 0xc0) return undefined
    codePoint = (codePoint << 6) | (byte & 0x3f)
  }
  if (!isShortestForm(codePoint, length)) return undefined
  const character = String.fromCodePoint(codePoint)
  return { start, end: start + length, character, evidence: TELLING_LEADS.has(lead) ? 'telling' : 'weak' }
}

/** An emoji of three bytes that begins with `â` and lost one of the other two. */
function shortenedAt(text: string, start: number): Sequence | undefined {
  const left = BYTE_OF.get(text.charCodeAt(start + 1))
  if (BYTE_OF.get(text.charCodeAt(start)) !== 0xe2 || left === undefined || left >= 0xc0) return undefined
  const pairs = DROPPED_BYTES.flatMap((lost) => [(lost << 6) | (left & 0x3f), (left << 6) | (lost & 0x3f)])
  const characters = pairs.map((pair) => String.fromCodePoint(0x2000 | (pair & 0xfff)))
  const [emoji, ...others] = characters.filter((character) => /\p{Emoji_Presentation}/u.test(character))
  if (emoji === undefined || others.length > 0) return undefined
  return { start, end: start + 2, character: emoji, evidence: 'guessed' }
}

/** Bytes of the UTF-8 sequence that `lead` opens (RFC 3629), or 0 when it opens none. */
function sequenceLength(lead: number): number {
  if (lead >= 0xc2 && lead <= 0xdf) return 2
  if (lead >= 0xe0 && lead <= 0xef) return 3
  return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0
}

function isShortestForm(codePoint: number, length: number): boolean {
  if (length === 2) return true
  if (length === 3) return codePoint >= 0x800 && (codePoint < 0xd800 || codePoint > 0xdfff)
  return codePoint >= 0x1_0000 && codePoint <= 0x10_ffff
}
