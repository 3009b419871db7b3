/** Words that stand where a secret might, and are none: what is said of one, types of it, ways to keep it. */
const WORDS = [
  'true|false|yes|no|on|off|[01]|null|nil|none|undefined|n/a|tbd|todo',
  'str|string|text|number|int|integer|float|bool|boolean|bytes?|buffer|object|any|unknown|never|u?int\\d{0,2}(?:array)?',
  'read|write|required|optional|mandatory|default|empty|set|unset|ok|missing|present|absent|valid|invalid|expired',
  'revoked|rotated|wrong|changed|unchanged|hidden|masked|redacted|encrypted|hashed|removed|prompt|done|open',
  'md5|sha-?\\d{1,3}|argon2(?:id|[di])?|bcrypt|scrypt|pbkdf2|base64(?:url)?|ed25519|oauth-?2?|jwt|utf-?8',
  'flags?|options?|arguments?|parameters?|fields?|values?|variables?|headers?|here|below|above|instead',
]
const WORD = new RegExp(`^(?:${WORDS.join('|')})$`, 'i')
/** A variable or a field that holds a secret: `dbPassword`, `access_token`. */
const NAME_OF_ONE = new RegExp(
  [
    '^(?:password|token|secret|key|credentials?)$',
    '^[\\w-]*[_-](?:password|token|secret|key|credentials?|PASSWORD|TOKEN|SECRET|KEY|CREDENTIALS?)$',
    '^\\w*[a-z](?:Password|Token|Secret|Key|Credentials?)$',
  ].join('|'),
)
const URL = /^[a-z][a-z0-9+.-]{1,20}:\/\//i
/** Secrets in base64 have capitals, paths seldom. */
const PATH = /^(?:~|\.{1,2})?(?:\/[a-z0-9._-]+)+$/
/** `config.password`, `process.env.TOKEN` */
const MEMBER = /^[A-Za-z_$][\w$]{0,23}(?:\??\.[A-Za-z_$][\w$]{0,23})+$/
/** `SyntaxKind.CloseBraceToken`; hardly any generated secret is without a digit. */
const LETTERS = /^[A-Za-z_$.]+$/
const COUNT = /^\d{1,5}(?:[-.:,/]\d{1,5}){0,4}$/
/** `RFC7617`, `T-1042`, `P0.1.2` */
const REFERENCE = /^[A-Z]{1,6}[-.]?\d{1,6}(?:[.-]\d{1,4}){0,4}$/
const MEANINGFUL = /[\p{L}\p{N}]/u

/** Whether what is said to be a secret is a word about one instead. */
export function isWordAbout(text: string): boolean {
  return WORD.test(text)
}

/** Whether what follows the name of a secret is what prose, a number, a path or an address would be there. */
export function isOrdinary(text: string): boolean {
  if (isWordAbout(text) || NAME_OF_ONE.test(text) || COUNT.test(text) || !MEANINGFUL.test(text)) return true
  return URL.test(text) || PATH.test(text)
}

/** Whether it is code that reads a field. */
export function isMember(text: string): boolean {
  return MEMBER.test(text)
}

/** Whether it is a long name, or that of a document, a task or a ticket, as in the middle of a sentence or of code. */
export function isReference(text: string): boolean {
  return REFERENCE.test(text) || LETTERS.test(text)
}
