import { LIMITS } from '../../model/limits.js'
import type { Member } from '../membership.js'

/** What a node says of itself to all others, twice a second and whenever something changes. */
export interface Beat {
  readonly member: Member
  /** A node that is started again is another instance. */
  readonly instance: string
  /** When it was said, on a clock that only the sender knows. */
  readonly at: number
  /** The greatest term that it has heard of. */
  readonly known: number
  /** The term in which it leads. */
  readonly leads?: number
  /** It has just come, and wants to hear from everybody at once. */
  readonly asks?: true
  /** It is the last one. */
  readonly leaves?: true
}

export function encodeBeat(beat: Beat): string {
  return JSON.stringify(beat)
}

/** Undefined for what is no beat, which a later version may say. */
export function decodeBeat(bytes: Uint8Array): Beat | undefined {
  if (bytes.length > LIMITS.natsBeatBytes) return undefined
  try {
    const beat = JSON.parse(Buffer.from(bytes).toString())
    return isBeat(beat) ? beat : undefined
  } catch {
    return undefined
  }
}

function isBeat({ member, instance, at, known, leads = 0 }: Record<string, unknown>): boolean {
  return isMember(member) && typeof instance === 'string' && [at, known, leads].every(Number.isFinite)
}

function isMember(said: unknown): said is Member {
  if (typeof said !== 'object' || said === null) return false
  const { id, url, link, version, position } = said as Record<string, unknown>
  return [id, url, link, version].every((text) => typeof text === 'string') && Number.isSafeInteger(position)
}
