/** RFC 7235 schemes whose credentials are one word. */
export const WORD_SCHEMES = '(?:basic|bearer|token|api-?key|dpop|negotiate|ntlm|key)'
/** Schemes whose credentials are a list up to the end of the line. */
export const LIST_SCHEMES = '(?:digest|hawk|oauth|signature|aws4-hmac-sha256|scram-sha-\\d{1,3})'

const SCHEME = new RegExp(`^(?:${WORD_SCHEMES}|${LIST_SCHEMES})$`, 'i')
const PLACEHOLDER =
  /^(?:\$\{?[A-Z_][A-Z0-9_]*\}?|<[^<>]*>|\{\{?[^{}]*\}?\}|%[A-Z_][A-Z0-9_]*%|[.*\u2026]+|x{3,}|X{3,})$/

/** What documentation and scripts write in place of a secret: `$TOKEN`, `<token>`, `...`. */
export function isPlaceholder(text: string): boolean {
  return PLACEHOLDER.test(text)
}

/** Whether a word may be a credential rather than a word of a language. */
export function looksRandom(word: string): boolean {
  return word.length >= 24 || /\d/.test(word) || (word.match(/[a-z](?=[A-Z])/g)?.length ?? 0) >= 3
}

/** Stricter, for words that share their beginning with names of things: `sk-` also begins `sk-learn-pipeline-2`. */
export function looksGenerated(word: string): boolean {
  const runs = word.match(/[A-Za-z0-9]{20,}/g) ?? []
  if (runs.some((run) => /\d/.test(run))) return true
  return word.length >= 32 && /[a-z]/.test(word) && /[A-Z]/.test(word) && /\d/.test(word)
}

/** Whether the word after `Authorization:` or `X-Api-Key:` is a credential; prose goes on after it. */
export function isHeaderValue(word: string, next: string): boolean {
  if (isPlaceholder(word) || SCHEME.test(word)) return false
  return looksRandom(word) || /^(?:[ \t]{0,2}(?:$|[\r\n])|\\?["'`]|\\[nr])/.test(next)
}
