import { isPlaceholder, looksRandom } from './appearance.js'
import { isOrdinary } from './ordinary.js'
import { BARE, BEFORE_STOP, ignoringCase, QUOTE, QUOTED, SECRET_NAMES, type TextRule } from './text-rule.js'

/** `--token`, `--db-password` */
const SECRET_OPTION = `--(?:\\w[\\w-]{0,40})?${SECRET_NAMES}[ \\t]{1,8}`
/** As much of a command line as is looked at, up to the next one; a backslash goes on with the next line. */
const CURL = '\\bcurl(?:[^c\\r\\n\\\\]|c(?!url)|\\\\(?!curl)[^]){0,400}?[ \\t]'
const USER_OPTION = '(?:-[a-z]{0,8}u[ \\t]{0,8}|--(?:proxy-)?user(?:[ \\t]{1,8}|=))'
const USER = `[^\\s:/"'\`\\\\]{0,128}:`
const LONG_USER_OPTION = '[ \\t](?:-u|--(?:proxy-)?user)(?:[ \\t]{1,8}|=)'
const PASSWORD = `(?!/)${BARE}+${BEFORE_STOP}`
const QUOTED_PASSWORD = `[^"'\`\\\\\\r\\n]+`
/** How a command line, or the code or list item it stands in, goes on after a value. */
const VALUE_END = /^(?:[ \t]{0,2}(?:$|[\r\n])|[ \t]{1,2}[-\\|;&>)]|[|;&>)]|\\?["'`]|\\[nr])/
/** `VALUE`, `API_TOKEN`: what a manual writes for what is to be put there. */
const METAVARIABLE = /^[A-Z][A-Z_-]*$/
/** What may follow the name of an option in a sentence. */
const PROSE = /^(?:and|the|with|for|from|then|when|was|are|has|not|but|via|only|itself|too|which|that|this)$/i
/** `id=npm`: where to find a secret. */
const PAIR = /^[a-z]{1,12}=[^=]/

/** What tells that one of these rules may find something. */
export const COMMAND_LINE_SIGN = `${SECRET_OPTION}|curl[^a-z]|[ \\t](?:-u|--(?:proxy-)?user)[ \\t=]`

/** Secrets on command lines. */
export const COMMAND_LINE_RULES: readonly TextRule[] = [
  {
    kind: 'user-password',
    pattern: ignoringCase(`(${CURL}${USER_OPTION}${QUOTE}${USER})(${QUOTED_PASSWORD})`),
    accept: (secret) => !isPlaceholder(secret) && !/^\$[({]/.test(secret),
  },
  {
    kind: 'user-password',
    pattern: ignoringCase(`(${CURL}${USER_OPTION}${USER})(${PASSWORD})`),
    accept: (secret, next) => !isPlaceholder(secret) && !/^[({]/.test(next),
  },
  {
    kind: 'user-password',
    pattern: ignoringCase(`(${LONG_USER_OPTION}${QUOTE}?${USER})(${PASSWORD})`),
    // Of other programs it may be a user and a group, or an image and its tag.
    accept: (secret) => secret.length >= 6 && !/^\d+$/.test(secret) && !isOrdinary(secret) && looksRandom(secret),
  },
  ...QUOTED.map(([quote, content]) => ({
    kind: 'secret',
    pattern: ignoringCase(`(${SECRET_OPTION}${quote})(${content})`),
    accept: (secret: string) => !isPlaceholder(secret),
  })),
  {
    kind: 'secret',
    pattern: ignoringCase(`(${SECRET_OPTION})((?!-)${BARE}{3,}${BEFORE_STOP})`),
    accept: isOptionValue,
  },
]

function isOptionValue(secret: string, next: string): boolean {
  if (isPlaceholder(secret) || isOrdinary(secret) || METAVARIABLE.test(secret)) return false
  if (PROSE.test(secret) || PAIR.test(secret)) return false
  return (looksRandom(secret) && !/^[([{]/.test(next)) || VALUE_END.test(next)
}
