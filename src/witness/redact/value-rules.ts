import { isHeaderValue, isPlaceholder, looksRandom } from './appearance.js'
import { isMember, isOrdinary, isReference, isWordAbout } from './ordinary.js'
import {
  BARE,
  BARE_START,
  BEFORE_STOP,
  COLON,
  COLON_OR_EQUALS,
  ignoringCase,
  PASSWORD_NAMES,
  PLAIN_NAMES,
  QUOTE,
  QUOTED,
  SECRET_NAMES,
  type TextRule,
} from './text-rule.js'

/** Names that no sentence puts before a colon. */
export const HEADER_NAMES =
  '(?:api|auth|access|refresh|private|security|session|vault|csrf|client|subscription)[-_](?:key|token|secret)'
/** As shells, containers and credential files have them. */
const UPPER_NAMES =
  '(?:PASSW(?:OR)?D|PASSPHRASE|SECRET|TOKEN|CREDENTIALS?|(?:API|ACCESS|PRIVATE|SECRET|SIGNING|ENCRYPTION)_?KEY)'
/** A line of YAML or of a list in prose, also in a string that is escaped, quoted or commented out. */
const LINE_START = `(?:^|\\\\[nr])[ \\t>#*+\\-"'\`]{0,24}`
const LINE_END = /^(?:[ \t]{0,2}(?:$|[\r\n])|[ \t]{1,2}#|\\?["'`]|\\[nr])/
/** A call or an index is code that gets a secret, not the secret; a shell gets it with a brace too. */
const CODE_START = /^[([{]/

/** Secrets that stand behind their name and a colon or an equals sign. */
export const VALUE_RULES: readonly TextRule[] = [
  {
    kind: 'secret',
    pattern: ignoringCase(`(${HEADER_NAMES}${COLON})(${BARE}{4,}${BEFORE_STOP})`),
    accept: (secret, next) => !isOrdinary(secret) && isHeaderValue(secret, next),
  },
  ...QUOTED.map(([quote, content]) => ({
    kind: 'secret',
    pattern: ignoringCase(`(${SECRET_NAMES}${COLON_OR_EQUALS}${quote})(${content})`),
    accept: (secret: string) => !isPlaceholder(secret),
  })),
  // However short: `PASSWORD=abc`.
  assignment(new RegExp(`(${UPPER_NAMES}${QUOTE}?=)(${BARE_START}${BARE}*${BEFORE_STOP})`, 'g')),
  assignment(ignoringCase(`(${PASSWORD_NAMES}${QUOTE}?=)(${BARE_START}${BARE}{2,}${BEFORE_STOP})`)),
  assignment(ignoringCase(`(${SECRET_NAMES}${QUOTE}?=)(${BARE_START}${BARE}{3,}${BEFORE_STOP})`)),
  {
    kind: 'secret',
    pattern: ignoringCase(`(${SECRET_NAMES}[ \\t]{1,8}=[ \\t]{0,8})(${BARE_START}${BARE}{5,}${BEFORE_STOP})`),
    accept: (secret, next) => isRandomValue(secret) && !CODE_START.test(next),
  },
  {
    kind: 'secret',
    pattern: ignoringCase(`((?:${PASSWORD_NAMES}|\\w[_-]${SECRET_NAMES})${COLON})(${BARE}{6,}${BEFORE_STOP})`),
    accept: (secret, next) => isRandomValue(secret) && !CODE_START.test(next),
  },
  {
    kind: 'secret',
    pattern: line(`(?:\\w[\\w.-]*${SECRET_NAMES}|${PLAIN_NAMES})`),
    accept: (secret, next) => isValue(secret) && LINE_END.test(next),
  },
  {
    kind: 'secret',
    pattern: line('(?:secret|token|credentials?)'),
    accept: (secret, next) => isRandomValue(secret) && LINE_END.test(next),
  },
]

function assignment(pattern: RegExp): TextRule {
  return {
    kind: 'secret',
    pattern,
    accept: (secret, next) => !isPlaceholder(secret) && !isWordAbout(secret) && !CODE_START.test(next),
  }
}

/** `name: value`, from the start of a line on. */
function line(names: string): RegExp {
  return ignoringCase(`(${LINE_START}${names}${QUOTE}?[ \\t]{0,8}:[ \\t]{1,8})(${BARE}{3,})`, 'm')
}

function isValue(secret: string): boolean {
  return !isPlaceholder(secret) && !isOrdinary(secret) && !isMember(secret)
}

function isRandomValue(secret: string): boolean {
  return isValue(secret) && looksRandom(secret) && !isReference(secret)
}
