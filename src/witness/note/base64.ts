/**
 * Standard base64 (RFC 4648, section 4) in its one canonical spelling: padded, no line breaks, unused bits zero.
 * Undefined for anything else, because two spellings of one signature would be two notes.
 */
export function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : undefined
}
