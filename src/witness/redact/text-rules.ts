import { isHeaderValue, isPlaceholder, LIST_SCHEMES, looksGenerated, looksRandom, WORD_SCHEMES } from './appearance.js'
import { COMMAND_LINE_RULES, COMMAND_LINE_SIGN } from './command-line-rules.js'
import {
  BARE,
  BEFORE_STOP,
  COLON,
  COLON_OR_EQUALS,
  ignoringCase,
  QUOTE,
  SECRET_NAMES,
  type TextRule,
} from './text-rule.js'
import { HEADER_NAMES, VALUE_RULES } from './value-rules.js'

/** Secrets that are known by what stands before them; they are tried first, so that they are taken whole. */
const CONTEXT_RULES: readonly TextRule[] = [
  {
    kind: 'url-password',
    pattern: /(:\/\/[^\s/?#:@"'<>]*:)([^\s/?#"'<>]+)(?=@)/g,
    accept: (secret) => !isPlaceholder(secret),
  },
  {
    kind: 'url-token',
    pattern: /(:\/\/)([^\s/?#:@"'<>]{20,})(?=@)/g,
    accept: looksGenerated,
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
  ...COMMAND_LINE_RULES,
  ...VALUE_RULES,
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
  // A token of this program's own: a note in which a swarm shows its token must not give it away.
  { kind: 'ifab-token', pattern: /()(\bifab_[0-9a-f]{16}_[A-Za-z0-9_-]{20,})/g },
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
  /\b(?:sk-|[sr]k_(?:live|test)_|gh[pousr]_|github_pat_|glpat-|xox[abeprs]-|xapp-|AKIA|ASIA|AIza|npm_|hf_|ifab_|eyJ)|PRIVATE[+ ]KEY/
const CONTEXT_MARK = /[:= ]/
const CONTEXT_SIGN = new RegExp(
  [
    `(?:authorization|cookie|${SECRET_NAMES}|${HEADER_NAMES})${QUOTE}?[ \\t]{0,8}[:=]`,
    'bearer[ \\t]',
    `://[^\\s/?#:@"'<>]*(?::[^\\s/?#"'<>]*)?@`,
    COMMAND_LINE_SIGN,
  ].join('|'),
  'i',
)

/** Whether any rule may find something. Nearly all texts of commands are ids and plain words, and end here. */
export function isSuspicious(text: string): boolean {
  if (text.length >= SHORTEST_SHAPE && SHAPE_SIGN.test(text)) return true
  return CONTEXT_MARK.test(text) && CONTEXT_SIGN.test(text)
}
