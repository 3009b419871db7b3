import { FabricError } from '../../model/errors.js'

/** Text of a format of this folder. Bytes are decoded strictly, so that what was signed is what is read. */
export type TextSource = string | Uint8Array

// A byte order mark is part of what was signed.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The text of a signed format. Throws INVALID_ARGUMENT when it is too large, not UTF-8 or has control characters. */
export function readText(source: TextSource, format: string, maxBytes: number): string {
  const bytes = typeof source === 'string' ? Buffer.byteLength(source) : source.length
  if (bytes > maxBytes) throw malformed(format, `it has ${bytes} bytes, at most ${maxBytes} are allowed`)
  const text = typeof source === 'string' ? source : decode(source, format)
  if (/\p{Surrogate}/u.test(text)) throw malformed(format, 'it is not valid UTF-8')
  if (hasControls(text)) throw malformed(format, 'it has control characters other than newline')
  return text
}

function decode(bytes: Uint8Array, format: string): string {
  try {
    return decoder.decode(bytes)
  } catch {
    throw malformed(format, 'it is not valid UTF-8')
  }
}

/** Whether a text has ASCII control characters other than newline, which signed notes exclude. */
export function hasControls(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code < 0x20 && code !== 0x0a) return true
  }
  return false
}

/** The refusal of a text that is not of its format; `details.reason` says why. */
export function malformed(format: string, reason: string): FabricError {
  const message = `This is not a well-formed ${format}: ${reason}. Get it again from its source, byte for byte.`
  return new FabricError('INVALID_ARGUMENT', message, { format, reason })
}
