import { FabricError } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'
import type { TextSource } from './text.js'
import { parseVkey, type Verifier } from './verifier.js'

export interface PolicyLog {
  /** Its name is the origin of the log. */
  readonly verifier: Verifier
  readonly url?: string
}

export interface PolicyWitness {
  /** As the policy calls it; the name of its key may be another. */
  readonly name: string
  readonly verifier: Verifier
  /** Where checkpoints are submitted. */
  readonly url?: string
}

export interface PolicyGroup {
  readonly name: string
  /** How many of the members it takes. */
  readonly threshold: number
  /** Witnesses and groups defined before this one. */
  readonly members: readonly string[]
}

/** Which logs and witnesses are trusted, and how many witnesses it takes (C2SP tlog-policy). */
export interface TrustPolicy {
  readonly logs: readonly PolicyLog[]
  readonly witnesses: readonly PolicyWitness[]
  /** In an order in which members come before the groups that hold them. */
  readonly groups: readonly PolicyGroup[]
  /** A witness, a group, or `none`. */
  readonly quorum: string
}

const NONE = 'none'

/**
 * Reads a policy file. Names are octets: those that are not UTF-8 keep their bytes as unpaired surrogates, so that two
 * names are equal only when their octets are. Throws INVALID_ARGUMENT with `details.line` for the first fault.
 */
export function parseTrustPolicy(source: TextSource): TrustPolicy {
  const bytes = Buffer.from(source)
  if (bytes.length > LIMITS.trustPolicyBytes) {
    throw refused(1, `the file has ${bytes.length} bytes, at most ${LIMITS.trustPolicyBytes} are allowed`)
  }
  const reader = new PolicyReader()
  const lines = bytes.toString('latin1').split('\n')
  lines.forEach((octets, at) => {
    reader.read(octets, at + 1)
  })
  return reader.finish(lines.length)
}

/** Whether these witnesses, by the names the policy gives them, are enough. */
export function quorumMet({ groups, quorum }: TrustPolicy, cosignedNames: ReadonlySet<string>): boolean {
  if (quorum === NONE) return true
  const witnessed = new Set(cosignedNames)
  for (const { name, threshold, members } of groups) {
    if (members.filter((member) => witnessed.has(member)).length >= threshold) witnessed.add(name)
    else witnessed.delete(name)
  }
  return witnessed.has(quorum)
}

class PolicyReader {
  readonly #logs: PolicyLog[] = []
  readonly #witnesses: PolicyWitness[] = []
  readonly #groups: PolicyGroup[] = []
  readonly #defined = new Set<string>()
  readonly #grouped = new Set<string>()
  #quorum: string | undefined

  read(octets: string, line: number): void {
    if (/[^\t\x20-\x7e\x80-\xff]/.test(octets)) {
      throw refused(line, 'control characters other than tab and newline are not allowed')
    }
    const [keyword = '', ...items] = octets.split(/[ \t]+/).filter((item) => item !== '')
    if (keyword === '' || keyword.startsWith('#')) return
    const fields = items.map(decodeName)
    if (keyword === 'log') this.#readLog(fields, line)
    else if (keyword === 'witness') this.#readWitness(fields, line)
    else if (keyword === 'group') this.#readGroup(fields, line)
    else if (keyword === 'quorum') this.#readQuorum(fields, line)
    else throw refused(line, 'a line starts with log, witness, group, quorum or #')
  }

  finish(lines: number): TrustPolicy {
    if (this.#quorum === undefined)
      throw refused(lines, 'the quorum line is missing; `quorum none` asks for no witness')
    return { logs: this.#logs, witnesses: this.#witnesses, groups: this.#groups, quorum: this.#quorum }
  }

  #readLog([vkey, url, ...rest]: string[], line: number): void {
    if (vkey === undefined || rest.length > 0) throw refused(line, 'write: log VKEY [URL]')
    const verifier = readKey(vkey, line)
    refuseDuplicate(this.#logs, verifier, line)
    this.#logs.push({ verifier, ...(url !== undefined && { url }) })
  }

  #readWitness([name, vkey, url, ...rest]: string[], line: number): void {
    if (name === undefined || vkey === undefined || rest.length > 0)
      throw refused(line, 'write: witness NAME VKEY [URL]')
    const verifier = readKey(vkey, line)
    if (verifier.type !== 'cosignature') throw refused(line, 'the key of a witness is a cosignature key (type 4)')
    refuseDuplicate(this.#witnesses, verifier, line)
    this.#define(name, line)
    this.#witnesses.push({ name, verifier, ...(url !== undefined && { url }) })
  }

  #readGroup([name, count, ...members]: string[], line: number): void {
    if (name === undefined || count === undefined || members.length === 0) {
      throw refused(line, 'write: group NAME any|all|K NAME...')
    }
    for (const member of members) {
      this.#requireDefined(member, line)
      if (this.#grouped.has(member)) throw refused(line, `${shown(member)} is a member already; once is the most`)
      this.#grouped.add(member)
    }
    const threshold = thresholdOf(count, members.length)
    if (threshold === undefined) throw refused(line, `write any, all or a number from 1 to ${members.length}`)
    this.#define(name, line)
    this.#groups.push({ name, threshold, members })
  }

  #readQuorum([name, ...rest]: string[], line: number): void {
    if (name === undefined || rest.length > 0) throw refused(line, 'write: quorum NAME, or quorum none')
    if (this.#quorum !== undefined) throw refused(line, 'there is a quorum line already; one is the most')
    if (name !== NONE) this.#requireDefined(name, line)
    this.#quorum = name
  }

  #define(name: string, line: number): void {
    if (name === NONE) throw refused(line, 'the name none has a meaning of its own; choose another')
    if (this.#defined.has(name)) throw refused(line, `the name ${shown(name)} is taken; choose another`)
    this.#defined.add(name)
  }

  #requireDefined(name: string, line: number): void {
    if (!this.#defined.has(name)) {
      throw refused(line, `${shown(name)} is not defined on a line before; define it as witness or group first`)
    }
  }
}

function thresholdOf(count: string, members: number): number | undefined {
  if (count === 'any') return 1
  if (count === 'all') return members
  const threshold = /^[1-9]\d{0,8}$/.test(count) ? Number(count) : 0
  return threshold >= 1 && threshold <= members ? threshold : undefined
}

function readKey(vkey: string, line: number): Verifier {
  try {
    return parseVkey(vkey)
  } catch (error) {
    const reason = error instanceof FabricError ? String(error.details.reason) : String(error)
    throw refused(line, `the key cannot be used: ${reason}`)
  }
}

/** One key under two names would count twice. */
function refuseDuplicate(known: readonly { readonly verifier: Verifier }[], verifier: Verifier, line: number): void {
  if (known.some((other) => other.verifier.publicKey.equals(verifier.publicKey))) {
    throw refused(line, 'this public key is there already, maybe under another name; list it once')
  }
}

const SURROGATE_ESCAPE = 0xdc00

function decodeName(octets: string): string {
  const bytes = Buffer.from(octets, 'latin1')
  const text = bytes.toString('utf8')
  if (Buffer.from(text).equals(bytes)) return text
  return octets.replace(/[\x80-\xff]/g, (octet) => String.fromCharCode(SURROGATE_ESCAPE + octet.charCodeAt(0)))
}

function shown(name: string): string {
  return JSON.stringify(name)
}

function refused(line: number, reason: string): FabricError {
  const message = `Trust policy, line ${line}: ${reason}.`
  return new FabricError('INVALID_ARGUMENT', message, { format: 'tlog-policy', line, reason })
}
