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

  constructor(origin: string) {
    this.#origin = origin
  }

  see(entry: Uint8Array): void {
    // Few of the entries are worth the time of reading them as JSON.
    const bytes = Buffer.isBuffer(entry) ? entry : Buffer.from(entry.buffer, entry.byteOffset, entry.byteLength)
    if (bytes.indexOf(NEEDLE) === -1 || this.#successors.size >= LIMITS.keyRotations) return
    const rotation = readRotation(bytes)
    if (rotation === undefined || this.#successors.has(rotation.previous)) return
    if (this.#holds(rotation)) this.#successors.set(rotation.previous, rotation.vkey)
  }

  /** The keys that took over from `vkey`, one after the other. */
  after(vkey: string): string[] {
    const found: string[] = []
    let next = this.#successors.get(vkey)
    while (next !== undefined && next !== vkey && !found.includes(next)) {
      found.push(next)
      next = this.#successors.get(next)
    }
    return found
  }

  /** The keys that `vkey` goes back to. */
  before(vkey: string): string[] {
    return [...this.#successors.keys()].filter((key) => this.after(key).includes(vkey))
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
