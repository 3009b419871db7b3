/** One character of ASCII as URLs, JSON, JavaScript and HTML may spell it. */
const ESCAPE =
  /%([0-9a-f]{2})|\\u00([0-9a-f]{2})|\\x([0-9a-f]{2})|&#x0{0,5}([0-9a-f]{2});|&#0{0,5}(\d{2,3});|\\(["'/\\])|&(amp|lt|gt|quot|apos);/gi

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/** Takes one level of escapes out of a text. Takes linear time. */
export function withoutEscapes(text: string): string {
  return text.replace(ESCAPE, (...match: string[]) => meaning(match) ?? match[0] ?? '')
}

/** Where each character that `withoutEscapes` gives begins in `text`, and at last where `text` ends. */
export function placesWithoutEscapes(text: string): Uint32Array {
  const places = new Uint32Array(text.length + 1)
  let from = 0
  let count = 0
  const keepUntil = (end: number) => {
    for (; from < end; from += 1) {
      places[count] = from
      count += 1
    }
  }
  for (const match of text.matchAll(ESCAPE)) {
    if (meaning(match) === undefined) continue
    keepUntil(match.index)
    places[count] = match.index
    count += 1
    from = match.index + match[0].length
  }
  keepUntil(text.length)
  places[count] = text.length
  return places.subarray(0, count + 1)
}

/** Undefined for what is not printable: no secret has it, and the text keeps it as it is. */
function meaning([, percent, unicode, byte, hexadecimal, decimal, quoted, named]: readonly (string | undefined)[]) {
  if (quoted !== undefined) return quoted
  if (named !== undefined) return NAMED[named.toLowerCase()]
  const hex = percent ?? unicode ?? byte ?? hexadecimal
  const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
  return code >= 0x20 && code <= 0x7e ? String.fromCharCode(code) : undefined
}
