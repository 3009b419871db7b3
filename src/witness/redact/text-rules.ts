import { isHeaderValue, isPlaceholder, LIST_SCHEMES, looksGenerated, looksRandom, WORD_SCHEMES } from './appearance.js'

/** How one kind of secret is found in text. */
export interface TextRule {
  /** Part of the mark that stands for the secret: lower-case letters, digits and hyphens. */
  readonly kind: string
  /**
   * Two groups: what stays, and the secret after it. Takes linear time on any text: what is scanned from one start holds
   * no other start, or is used up by the match.
   */
  readonly pattern: RegExp
  /** Has the last word on a match; `next` is the up to three characters after it. */
  readonly accept?: (secret: string, next: string) => boolean
}

const QUOTE = `(?:\\\\?["'\`])`
const COLON = `${QUOTE}?[ \\t]{0,8}:[ \\t]{0,8}`
const COLON_OR_EQUALS = `${QUOTE}?[ \\t]{0,8}[:=][ \\t]{0,8}`
/** A character of a value without quotes. */
const BARE = `[^\\s"'\`\\\\,;&|<>(){}\\[\\]]`
/** Quotes, each with what may stand between two of them; the last is how JSON in a JSON string has them. */
const QUOTED = [
  ['"', '(?:[^"\\\\\\r\\n]|\\\\.)+'],
  ["'", "(?:[^'\\\\\\r\\n]|\\\\.)+"],
  ['\\\\"', '(?:[^"\\\\\\r\\n]|\\\\(?!"))+'],
] as const
/** A sentence may end after a secret. */
const BEFORE_STOP = '(?<!\\.)'

/** Without a left boundary, so that `DB_PASSWORD` and `githubToken` end in one. */
const SECRET_NAMES =
  '(?:passw(?:or)?d|passphrase|secret|token|credentials?|(?:api|access|private|secret|signing|encryption)[-_]?key)'
/** Names that no sentence puts before a colon. */
const HEADER_NAMES =
  '(?:api|auth|access|refresh|private|security|session|vault|csrf|client|subscription)[-_](?:key|token|secret)'

function ignoringCase(source: string): RegExp {
  return new RegExp(source, 'gi')
}

/** Secrets that are known by what stands before them; they are tried first, so that they are taken whole. */
const CONTEXT_RULES: readonly TextRule[] = [
  {
    kind: 'url-password',
    pattern: /(:\/\/[^\s/?#:@"'<>]*:)([^\s/?#"'<>]+)(?=@)/g,
    accept: (secret) => !isPlaceholder(secret),
  },
  {
    kind: 'authorization',
    pattern: ignoringCase(`(authorization${COLON_OR_EQUALS}${QUOTE}?${LIST_SCHEMES}[ \\t]{1,8})(\\S[^\\r\\n]*)`),
  },
  {
    kind: 'authorization',
    pattern: ignoringCase(
      `(authorization${COLON_OR_EQUALS}${QUOTE}?(?:${WORD_SCHEMES}[ \\t]{1,8})?)([a-z0-9]${BARE}{2,}${BEFORE_STOP})`,
    ),
    accept: isHeaderValue,
  },
  {
    kind: 'bearer',
    pattern: ignoringCase(`(\\bbearer[ \\t]{1,8})([a-z0-9][\\w.~+/=-]{7,}${BEFORE_STOP})`),
    accept: (secret) => looksRandom(secret),
  },
  {
    kind: 'cookie',
    pattern: ignoringCase(
      `(cookie${COLON}${QUOTE}?)([\\w!#$%&*+.^|~-]+=[^\\s;"'\`]*(?:; ?[^\\s=;"'\`]+(?:=[^\\s;"'\`]*)?)*)`,
    ),
  },
  {
    kind: 'secret',
    pattern: ignoringCase(`(${HEADER_NAMES}${COLON})(${BARE}{4,}${BEFORE_STOP})`),
    accept: isHeaderValue,
  },
  ...QUOTED.map(([quote, content]) => ({
    kind: 'secret',
    pattern: ignoringCase(`(${SECRET_NAMES}${COLON_OR_EQUALS}${quote})(${content})`),
    accept: (secret: string) => !isPlaceholder(secret),
  })),
  {
    kind: 'secret',
    pattern: ignoringCase(`(${SECRET_NAMES}${QUOTE}?=)([^\\s"'\`\\\\,;&|<>(){}\\[\\]=]${BARE}{3,}${BEFORE_STOP})`),
    // A call or an index is code that gets a secret, not the secret.
    accept: (secret, next) => !isPlaceholder(secret) && !/^[([]/.test(next),
  },
]

/** Secrets that are known by their own form. */
const SHAPE_RULES: readonly TextRule[] = [
  {
    kind: 'private-key',
    pattern:
      /()(-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:[^-]|-(?!----))*(?:-----END [A-Z0-9 ]{0,60}-----)?)/g,
    // One that was cut off still holds most of the key.
    accept: (secret) => secret.endsWith('-----') || /[A-Za-z0-9+/=]{32}/.test(secret),
  },
  // A signer key of signed notes, such as the one of this fabric.
  { kind: 'private-key', pattern: /()(PRIVATE\+KEY\+[^\s"'`\\()<>,;]{20,})/g },
  { kind: 'anthropic-key', pattern: /()(\bsk-ant-[\w-]{16,})/g },
  { kind: 'api-key', pattern: /()(\bsk-[\w-]{20,})/g, accept: (secret) => looksGenerated(secret) },
  { kind: 'stripe-key', pattern: /()(\b[sr]k_(?:live|test)_[A-Za-z0-9]{16,})/g },
  { kind: 'github-token', pattern: /()(\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}))/g },
  { kind: 'gitlab-token', pattern: /()(\bglpat-[\w-]{16,}(?:\.[0-9a-z]{2}\.[0-9a-z]{7,12})?)/g },
  { kind: 'slack-token', pattern: /()(\b(?:xox[abeprs]|xapp)-[A-Za-z0-9-]{11,})/g },
  { kind: 'aws-key', pattern: /()(\b(?:AKIA|ASIA)[A-Z0-9]{16}\b)/g },
  { kind: 'google-key', pattern: /()(\bAIza[\w-]{35})/g },
  { kind: 'npm-token', pattern: /()(\bnpm_[A-Za-z0-9]{30,})/g },
  { kind: 'huggingface-token', pattern: /()(\bhf_[A-Za-z0-9]{30,})/g },
  { kind: 'jwt', pattern: /()((?<![\w-])eyJ[\w-]{8,}\.[\w-]{4,}\.[\w-]*(?:\.[\w-]+){0,2})/g },
]

export const TEXT_RULES: readonly TextRule[] = [...CONTEXT_RULES, ...SHAPE_RULES]

const SHORTEST_SHAPE = 16
const SHAPE_SIGN =
  /\b(?:sk-|[sr]k_(?:live|test)_|gh[pousr]_|github_pat_|glpat-|xox[abeprs]-|xapp-|AKIA|ASIA|AIza|npm_|hf_|eyJ)|PRIVATE[+ ]KEY/
const CONTEXT_MARK = /[:= ]/
const CONTEXT_SIGN = new RegExp(
  [
    `(?:authorization|cookie|${SECRET_NAMES}|${HEADER_NAMES})${QUOTE}?[ \\t]{0,8}[:=]`,
    'bearer[ \\t]',
    `://[^\\s/?#:@"'<>]*:[^\\s/?#"'<>]*@`,
  ].join('|'),
  'i',
)

/** Whether any rule may find something. Nearly all texts of commands are ids and plain words, and end here. */
export function isSuspicious(text: string): boolean {
  if (text.length >= SHORTEST_SHAPE && SHAPE_SIGN.test(text)) return true
  return CONTEXT_MARK.test(text) && CONTEXT_SIGN.test(text)
}
