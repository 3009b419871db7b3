import { LIMITS } from '../../model/limits.js'

/** Names of fields whose values are secrets. Case and separators do not matter, nor do words before the name. */
const SECRET_FIELDS = [
  'authorization',
  'cookie',
  'token',
  'secret',
  'secrets',
  'password',
  'passwords',
  'passwd',
  'passphrase',
  'credential',
  'credentials',
  'api key',
  'api keys',
  'access key',
  'secret key',
  'private key',
  'signing key',
  'encryption key',
] as const

/** Knows the fields that hold secrets by their names: `X-Api-Key`, `db_password` and `githubToken` among them. */
export class SecretFields {
  /** By the name without case and separators. */
  readonly #kinds = new Map<string, string>()
  readonly #known = new Map<string, string | undefined>()

  constructor(declared: readonly string[] = []) {
    for (const name of [...SECRET_FIELDS, ...declared]) {
      const words = wordsOf(name)
      if (words.length > 0) this.#kinds.set(words.join(''), words.join('-').slice(0, LIMITS.redactionKindChars))
    }
  }

  /** What kind of secret a field of this name holds; undefined when none. */
  kindOf(name: string): string | undefined {
    const known = this.#known.get(name)
    if (known !== undefined || this.#known.has(name)) return known
    const kind = this.#find(wordsOf(name))
    // Names come from callers: what is remembered of them is bounded.
    if (this.#known.size < LIMITS.redactionFieldNames) this.#known.set(name, kind)
    return kind
  }

  #find(words: readonly string[]): string | undefined {
    for (let start = 0; start < words.length; start += 1) {
      const kind = this.#kinds.get(words.slice(start).join(''))
      if (kind !== undefined) return kind
    }
    return undefined
  }
}

/** `X-Api-Key`, `x_api_key` and `xApiKey` are the words x, api and key. */
function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '')
}
