import { LIMITS } from '../../model/limits.js'
import { rotationStatement } from '../identity.js'
import { parseVkey } from '../note/verifier.js'

const TYPE = 'infrafabric.witness.key_rotated.v1'
const NEEDLE = Buffer.from(TYPE)

/**
 * Gathers the entries in which a key of the log names its successor. The previous key signs each of them, so that they
 * speak for themselves, whatever else the log says.
 */
export class Rotations {
  readonly #origin: string
  /** Successor by key; the first that a key names counts. */
  readonly #successors = new Map<string, string>()
  /** The same the other way round: several keys may name one successor. */
  readonly #predecessors = new Map<string, string[]>()

  constructor(origin: string) {
    this.#origin = origin
  }

  see(entry: Uint8Array): void {
    // Few of the entries are worth the time of reading them as JSON.
    const bytes = Buffer.isBuffer(entry) ? entry : Buffer.from(entry.buffer, entry.byteOffset, entry.byteLength)
    if (bytes.indexOf(NEEDLE) === -1 || this.#successors.size >= LIMITS.keyRotations) return
    const rotation = readRotation(bytes)
    if (rotation === undefined || this.#successors.has(rotation.previous)) return
    if (!this.#holds(rotation)) return
    const { previous, vkey } = rotation
    this.#successors.set(previous, vkey)
    const predecessors = this.#predecessors.get(vkey)
    if (predecessors === undefined) this.#predecessors.set(vkey, [previous])
    else predecessors.push(previous)
  }

  /** The keys that took over from `vkey`, one after the other. */
  after(vkey: string): string[] {
    return reachable(vkey, (key) => {
      const next = this.#successors.get(key)
      return next === undefined ? [] : [next]
    })
  }

  /** The keys that `vkey` goes back to, the nearest first. */
  before(vkey: string): string[] {
    return reachable(vkey, (key) => this.#predecessors.get(key) ?? [])
  }

  #holds({ previous, vkey, signature }: Rotation): boolean {
    try {
      const [older, newer] = [parseVkey(previous), parseVkey(vkey)]
      if (older.name !== this.#origin || newer.name !== this.#origin) return false
      return older.verify(rotationStatement(this.#origin, previous, vkey), Buffer.from(signature, 'base64'))
    } catch {
      return false
    }
  }
}

/** Keys that can be reached, each once and without `vkey` itself: signed entries may well lead in a circle. */
function reachable(vkey: string, next: (key: string) => readonly string[]): string[] {
  const found = new Set([vkey])
  // A Set goes on to what is added to it meanwhile.
  for (const key of found) for (const one of next(key)) found.add(one)
  found.delete(vkey)
  return [...found]
}

interface Rotation {
  readonly vkey: string
  readonly previous: string
  readonly signature: string
}

function readRotation(bytes: Buffer): Rotation | undefined {
  try {
    const { type, data } = JSON.parse(bytes.toString()) as { type?: unknown; data?: Partial<Record<string, unknown>> }
    const { vkey, previous, signature } = data ?? {}
    if (type !== TYPE || typeof vkey !== 'string' || typeof previous !== 'string' || typeof signature !== 'string') {
      return undefined
    }
    return { vkey, previous, signature }
  } catch {
    return undefined
  }
}
