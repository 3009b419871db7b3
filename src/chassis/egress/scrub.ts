const MARK = '[redacted]'

/** Takes secrets out of what comes back, in whatever common spelling they are echoed. Takes linear time. */
export class Scrubber {
  readonly #pattern: RegExp | undefined

  /** Secrets are printable ASCII. Without one it finds nothing. */
  constructor(secrets: readonly string[]) {
    const forms = new Set(secrets.flatMap(spellings))
    // The longest first: a shorter one may be the beginning of it.
    const literals = [...forms].sort((a, b) => b.length - a.length).map((form) => form.replace(/[^\w\s]/g, '\\$&'))
    this.#pattern = literals.length === 0 ? undefined : new RegExp(literals.join('|'), 'gi')
  }

  finds(text: string): boolean {
    return this.#pattern !== undefined && text.search(this.#pattern) !== -1
  }

  text(text: string): string {
    return this.#pattern === undefined ? text : text.replace(this.#pattern, MARK)
  }

  /** Bytes of any encoding that has ASCII in it. */
  bytes(bytes: Buffer): Buffer {
    const text = bytes.toString('latin1')
    return this.finds(text) ? Buffer.from(this.text(text), 'latin1') : bytes
  }
}

/** A text as it is, and as JSON, URLs, forms, HTML, base64 and hexadecimal have it. Case is left to the search. */
function spellings(secret: string): string[] {
  const json = JSON.stringify(secret).slice(1, -1)
  const url = encodeURIComponent(secret)
  return [
    secret,
    json,
    json.replaceAll('/', '\\/'),
    escapeAll(secret, /./g, (code) => `\\u00${code}`),
    escapeAll(secret, /[<>&'"=+]/g, (code) => `\\u00${code}`),
    encodeURI(secret),
    url,
    escapeAll(secret, /[^\w.~-]/g, (code) => `%${code}`),
    escapeAll(secret, /[^\w.*-]/g, (code) => (code === '20' ? '+' : `%${code}`)),
    escapeAll(secret, /./g, (code) => `%${code}`),
    encodeURIComponent(url),
    ...HTML_FORMS.map((entities) => secret.replace(/[&<>"']/g, (found) => entities[found] ?? found)),
    Buffer.from(secret).toString('hex'),
    ...base64Forms(secret),
  ]
}

const HTML_FORMS: readonly Readonly<Record<string, string>>[] = [
  { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' },
  { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#x27;' },
  { '&': '&amp;', '<': '&lt;', '>': '&gt;' },
]

function escapeAll(secret: string, which: RegExp, spell: (code: string) => string): string {
  return secret.replace(which, (found) => spell(found.charCodeAt(0).toString(16).padStart(2, '0')))
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
