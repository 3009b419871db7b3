import { FabricError } from '../../model/errors.js'
import { type Cover, CoverSearch, greedyCover, WorkExceeded } from './cover.js'
import { bitMask, contains, isEmpty, MASK_BITS, type Mask, NOTHING_MASKED, union } from './mask.js'

/** A swarm that could help, and what it can do. */
export interface Candidate {
  readonly id: string
  readonly capabilities: readonly string[]
}

export interface TeamMember {
  readonly id: string
  /** Its part of the need. */
  readonly asks: readonly string[]
}

export interface Team {
  /** Best candidate first. */
  readonly members: readonly TeamMember[]
}

export interface TeamQuestion {
  /** Needed capabilities, at most 64 different ones. */
  readonly need: readonly string[]
  /** Best first, each once. */
  readonly candidates: Iterable<Candidate>
  readonly maxHelpers: number
  /** Looks at a candidate that the exact search may take; a look takes about 10 ns. */
  readonly workLimit?: number
}

/** Enough for a thousand candidates, eight needed capabilities and teams of three many times over. */
const WORK_LIMIT = 200_000

/** A candidate is compared with so many better ones to see that one of them can do all it can. */
const COMPARED_CANDIDATES = 512

interface Able {
  readonly id: string
  readonly mask: Mask
}

/**
 * The smallest team of at most `maxHelpers` that together can do all that is needed. Of several, the one whose weakest
 * member comes earliest among the candidates; then whose second weakest does, and so on. For an empty need: the best
 * candidate alone, asked for nothing. Undefined when no team can do it.
 *
 * Each needed capability is asked of exactly one member, the best that has it, and each member is asked for something.
 *
 * The work is bounded: where `workLimit` is exceeded, the team is the best known so far, at worst the one that takes
 * whoever can do most of the rest, again and again. It does what is needed but may be larger than it has to be, and
 * where that way ends with too many, undefined is returned although there may be a team. Same question, same answer.
 * Throws INVALID_ARGUMENT for more than 64 capabilities.
 */
export function planTeam({ need, candidates, maxHelpers, workLimit = WORK_LIMIT }: TeamQuestion): Team | undefined {
  if (maxHelpers < 1) return undefined
  const bits = bitsOf(need)
  const all = [...bits.values()].reduce(union, NOTHING_MASKED)
  const able: Able[] = []
  for (const { id, capabilities } of candidates) {
    const mask = maskOf(capabilities, bits)
    if (contains(mask, all)) return { members: [{ id, asks: [...bits.keys()] }] }
    if (!isEmpty(mask) && !isMatched(mask, able)) able.push({ id, mask })
  }
  if (able.length === 0) return undefined
  const cover = bestCover(able, [...bits.values()], all, maxHelpers, workLimit)
  return cover && { members: share(bits, cover, able) }
}

function bitsOf(need: readonly string[]): Map<string, Mask> {
  const distinct = [...new Set(need)]
  if (distinct.length > MASK_BITS) {
    throw new FabricError('INVALID_ARGUMENT', `Ask for help with at most ${MASK_BITS} capabilities at a time.`)
  }
  return new Map(distinct.map((capability, bit) => [capability, bitMask(bit)]))
}

function maskOf(capabilities: readonly string[], bits: ReadonlyMap<string, Mask>): Mask {
  let mask = NOTHING_MASKED
  for (const capability of capabilities) mask = union(mask, bits.get(capability) ?? NOTHING_MASKED)
  return mask
}

/** Whether a better candidate can do all of it: it is never worse to take that one. Missing one costs only work. */
function isMatched(mask: Mask, better: readonly Able[]): boolean {
  const end = Math.min(better.length, COMPARED_CANDIDATES)
  for (let position = 0; position < end; position += 1) {
    if (contains((better[position] as Able).mask, mask)) return true
  }
  return false
}

/** Positions of a team in order; nobody alone covers everything. */
function bestCover(
  able: readonly Able[],
  bits: readonly Mask[],
  all: Mask,
  maxHelpers: number,
  workLimit: number,
): Cover | undefined {
  const masks = able.map(({ mask }) => mask)
  if (!contains(masks.reduce(union, NOTHING_MASKED), all)) return undefined
  let best = greedyCover(masks, all, maxHelpers)
  try {
    const search = new CoverSearch(masks, bits, workLimit)
    const sizes = best?.length ?? Math.min(maxHelpers, bits.length) + 1
    for (let size = 2; size < sizes; size += 1) {
      const smaller = search.find(all, size, masks.length)
      if (smaller === undefined) continue
      best = smaller
      break
    }
    if (best !== undefined) for (const better of search.tighten(all, best)) best = better
  } catch (error) {
    if (!(error instanceof WorkExceeded)) throw error
  }
  return best && withoutIdle(best, masks, all)
}

/** Without those whose part others can do: only a greedy cover has some. The weakest goes first. */
function withoutIdle(cover: Cover, masks: readonly Mask[], all: Mask): Cover {
  let kept = [...cover].sort((a, b) => b - a)
  for (const position of [...kept]) {
    const others = kept.filter((other) => other !== position)
    const covered = others.map((other) => masks[other] as Mask).reduce(union, NOTHING_MASKED)
    if (contains(covered, all)) kept = others
  }
  return kept.reverse()
}

/** Asks each capability of the best member that has it. Nobody is idle, so that everybody is asked for something. */
function share(bits: ReadonlyMap<string, Mask>, cover: Cover, able: readonly Able[]): TeamMember[] {
  const members = cover.map((position) => able[position] as Able)
  const asks = new Map<string, string[]>(members.map(({ id }) => [id, []]))
  for (const [capability, bit] of bits) {
    const member = members.find(({ mask }) => contains(mask, bit))
    if (member !== undefined) asks.get(member.id)?.push(capability)
  }
  return members.map(({ id }) => ({ id, asks: asks.get(id) ?? [] }))
}
