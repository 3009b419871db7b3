/** How one kind of secret is found in text. */
export interface TextRule {
  /** Part of the mark that stands for the secret: lower-case letters, digits and hyphens. */
  readonly kind: string
  /**
   * Two groups: what stays, and the secret after it. Takes linear time on any text: what is scanned from one start holds
   * no other start, or is used up by the match, or is bounded.
   */
  readonly pattern: RegExp
  /** Has the last word on a match; `next` is the up to three characters after it. */
  readonly accept?: (secret: string, next: string) => boolean
}

export const QUOTE = `(?:\\\\?["'\`])`
export const COLON = `${QUOTE}?[ \\t]{0,8}:[ \\t]{0,8}`
export const COLON_OR_EQUALS = `${QUOTE}?[ \\t]{0,8}[:=][ \\t]{0,8}`
/** A character of a value without quotes. */
export const BARE = `[^\\s"'\`\\\\,;&|<>(){}\\[\\]]`
/** Its first character where an equals sign stands before it: two of them compare. */
export const BARE_START = `[^\\s"'\`\\\\,;&|<>(){}\\[\\]=]`
/** Quotes, each with what may stand between two of them; the last is how JSON in a JSON string has them. */
export const QUOTED = [
  ['"', '(?:[^"\\\\\\r\\n]|\\\\.)+'],
  ["'", "(?:[^'\\\\\\r\\n]|\\\\.)+"],
  ['\\\\"', '(?:[^"\\\\\\r\\n]|\\\\(?!"))+'],
] as const
/** A sentence may end after a secret. */
export const BEFORE_STOP = '(?<!\\.)'

export const PASSWORD_NAMES = '(?:passw(?:or)?d|passphrase)'
const KEY_NAMES = '(?:api|access|private|secret|signing|encryption)[-_]?key'
/** Names that no ordinary text puts before a colon and a single word. */
export const PLAIN_NAMES = `(?:${PASSWORD_NAMES}|${KEY_NAMES})`
/** Without a left boundary, so that `DB_PASSWORD` and `githubToken` end in one. */
export const SECRET_NAMES = `(?:${PASSWORD_NAMES}|${KEY_NAMES}|secret|token|credentials?)`

export function ignoringCase(source: string, flags = ''): RegExp {
  return new RegExp(source, `gi${flags}`)
}
