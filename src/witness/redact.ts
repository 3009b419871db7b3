import { createHmac } from 'node:crypto'
import { FabricError } from '../model/errors.js'
import { ID_PATTERN } from '../model/ids.js'
import { LIMITS } from '../model/limits.js'
import { LIST_SCHEMES, WORD_SCHEMES } from './redact/appearance.js'
import { SecretFields } from './redact/secret-fields.js'
import type { TextRule } from './redact/text-rule.js'
import { isSuspicious, TEXT_RULES } from './redact/text-rules.js'

export interface RedactorOptions {
  /** Whoever has it can tell which mark a guessed secret would leave; nobody else can. */
  readonly key: Uint8Array
  /** Names of fields that hold secrets, beyond those that are known. */
  readonly secretFields?: readonly string[]
}

const MARK_DIGITS = 16
const MARKS = new RegExp(`(\\[redacted:[a-z0-9-]{1,${LIMITS.redactionKindChars}}:[0-9a-f]{${MARK_DIGITS}}\\])`)
const ONLY_MARK = new RegExp(`^${MARKS.source}$`)
const SCHEME = new RegExp(`^(\\s*(?:${WORD_SCHEMES}|${LIST_SCHEMES})\\s+)(\\S[^]*)$`, 'i')
/** Taking one secret away may bring another to light; hardly ever, and hardly more than once. */
const PASSES = 8

/** Fields of commands that name something: a mark in their place would name something else. */
const ID_FIELDS: ReadonlySet<string> = new Set([
  'id',
  'task',
  'swarm',
  'swarms',
  'board',
  'blocker',
  'owner',
  'waitsFor',
  'dependencies',
  'requires',
  'capabilities',
  'tier',
  'to',
  'escalation',
  'account',
  'model',
])

/**
 * Takes secrets out of commands before they are decided, so that no entry, state, receipt or reply ever holds one. A
 * secret becomes `[redacted:<kind>:<HMAC-SHA-256 of the secret, 16 hex digits>]`: two uses of one token leave the same
 * digits. What is redacted stays as it is when it is redacted again.
 */
export class Redactor {
  readonly #key: Uint8Array
  readonly #fields: SecretFields
  /** How often each was declared. Longest first, so that none is taken for a part of another. */
  #declared = new Map<string, number>()
  #rules = TEXT_RULES

  constructor({ key, secretFields = [] }: RedactorOptions) {
    this.#key = key
    this.#fields = new SecretFields(secretFields)
  }

  /**
   * Names a credential that must appear nowhere, until that is taken back by what is returned. Throws INVALID_ARGUMENT for
   * one that ordinary text could hold.
   */
  declare(credential: string): () => void {
    if (credential.length < LIMITS.leastSecretChars) {
      const message = `A credential has at least ${LIMITS.leastSecretChars} characters. Use a longer one.`
      throw new FabricError('INVALID_ARGUMENT', message, { minChars: LIMITS.leastSecretChars })
    }
    this.#count(credential, 1)
    let isDeclared = true
    return () => {
      if (isDeclared) this.#count(credential, -1)
      isDeclared = false
    }
  }

  #count(credential: string, change: number): void {
    const counts = new Map(this.#declared).set(credential, (this.#declared.get(credential) ?? 0) + change)
    const left = [...counts].filter(([, count]) => count > 0)
    this.#declared = new Map(left.sort(([a], [b]) => b.length - a.length))
    this.#rules = [...[...this.#declared.keys()].map(exactly), ...TEXT_RULES]
  }

  /**
   * The same value when it holds no secret, else a copy in which only the paths that lead to one are new. Takes plain
   * JSON. Throws INVALID_ARGUMENT when an id looks like a secret, and when the value is nested too deeply.
   */
  redact<Value>(value: Value): Value {
    return this.#walk(value, '', 0) as Value
  }

  redactText(text: string): string {
    if (!this.#holdsDeclared(text) && !isSuspicious(text)) return text
    // Text and marks by turns. Marks are left alone: their own letters may look like a secret.
    let parts: readonly string[] = text.split(MARKS)
    for (let pass = 0; pass < PASSES; pass += 1) {
      const before = parts.length
      for (const rule of this.#rules) parts = this.#applyRule(rule, parts)
      if (parts.length === before) break
    }
    return parts.join('')
  }

  #holdsDeclared(text: string): boolean {
    for (const credential of this.#declared.keys()) if (text.includes(credential)) return true
    return false
  }

  #walk(value: unknown, field: string, depth: number): unknown {
    if (typeof value === 'string') return this.#redactField(value, field)
    if (isList(value)) {
      const inner = enter(depth)
      return mapItems(value, (item) => this.#walk(item, field, inner))
    }
    return isFields(value) ? this.#walkFields(value, field, enter(depth)) : value
  }

  #walkFields(fields: Fields, field: string, depth: number): Fields {
    // What its owner calls a key of metadata says nothing about its value being an id.
    const named = field !== 'metadata'
    return mapFields(fields, (item, key) => {
      if (typeof item === 'number' || typeof item === 'boolean') return item
      const kind = this.#fields.kindOf(key)
      return kind === undefined ? this.#walk(item, named ? key : '', depth) : this.#seal(item, kind, depth)
    })
  }

  #redactField(text: string, field: string): string {
    const redacted = this.redactText(text)
    if (redacted === text || !ID_FIELDS.has(field) || !ID_PATTERN.test(text)) return redacted
    const message = `${field} looks like a secret, and ids are written down for everyone to read. Choose another id.`
    throw new FabricError('INVALID_ARGUMENT', message, { field })
  }

  /** Every text in the value of a secret field is a secret. */
  #seal(value: unknown, kind: string, depth: number): unknown {
    if (typeof value === 'string') return this.#sealText(value, kind)
    if (!isList(value) && !isFields(value)) return value
    const inner = enter(depth)
    const seal = (item: unknown) => this.#seal(item, kind, inner)
    return isList(value) ? mapItems(value, seal) : mapFields(value, seal)
  }

  /** A scheme stays, so that a token leaves the same digits wherever it is found. */
  #sealText(text: string, kind: string): string {
    const [, scheme = '', rest = text] = SCHEME.exec(text) ?? []
    return rest.trim() === '' || ONLY_MARK.test(rest) ? text : scheme + this.#mark(kind, rest)
  }

  #applyRule(rule: TextRule, parts: readonly string[]): readonly string[] {
    let changed: string[] | undefined
    parts.forEach((part, at) => {
      // Looking first is far cheaper than replacing nothing.
      if (at % 2 === 1 || part.search(rule.pattern) === -1) {
        changed?.push(part)
        return
      }
      changed ??= parts.slice(0, at)
      const redacted = this.#replace(rule, part, at + 1 < parts.length ? '[' : '')
      for (const piece of redacted.split(MARKS)) changed.push(piece)
    })
    return changed ?? parts
  }

  /** `following` is the beginning of the mark after `text`, if any. */
  #replace({ kind, pattern, accept }: TextRule, text: string, following: string): string {
    return text.replace(pattern, (match: string, kept: string, secret: string, offset: number) => {
      const end = offset + match.length
      const next = text.slice(end, end + 3) + following
      return accept?.(secret, next) === false ? match : kept + this.#mark(kind, secret)
    })
  }

  #mark(kind: string, secret: string): string {
    const digits = createHmac('sha256', this.#key).update(secret).digest('hex').slice(0, MARK_DIGITS)
    return `[redacted:${kind}:${digits}]`
  }
}

function exactly(credential: string): TextRule {
  const literal = credential.replace(/[^\w\s]/g, '\\$&')
  return { kind: 'credential', pattern: new RegExp(`()(${literal})`, 'g') }
}

type Fields = Readonly<Record<string, unknown>>

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value)
}

/** Of all objects only plain ones are in a command. */
function isFields(value: unknown): value is Fields {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function enter(depth: number): number {
  if (depth < LIMITS.redactionDepth) return depth + 1
  const message = `The command is nested too deeply: at most ${LIMITS.redactionDepth} levels. Send flatter data.`
  throw new FabricError('INVALID_ARGUMENT', message, { maxDepth: LIMITS.redactionDepth })
}

function mapItems(items: readonly unknown[], change: (item: unknown) => unknown): readonly unknown[] {
  let changed: unknown[] | undefined
  for (let at = 0; at < items.length; at += 1) {
    const item = change(items[at])
    if (item === items[at]) continue
    changed ??= [...items]
    changed[at] = item
  }
  return changed ?? items
}

function mapFields(fields: Fields, change: (item: unknown, key: string) => unknown): Fields {
  let changed: Map<string, unknown> | undefined
  for (const key in fields) {
    const item = change(fields[key], key)
    if (item === fields[key]) continue
    changed ??= new Map(Object.entries(fields))
    changed.set(key, item)
  }
  // Unlike an assignment this makes a field of its own even of the key `__proto__`.
  return changed === undefined ? fields : Object.fromEntries(changed)
}
