import { isId } from '../model/ids.js'
import { LIMITS } from '../model/limits.js'
import { looksLikeId } from './identify.js'

/** What a range needs to know of the board. */
interface Listing {
  readonly ids: ReadonlySet<string>
  between(from: string, to: string): string[] | undefined
}

interface Counted {
  readonly prefix: string
  readonly digits: string
}

/**
 * Ids of a range: `P0.1.1` to `P0.1.4` counts; `P0.1.1` to `4` too when the first is listed; ends of different groups
 * stand for all that the board lists between them. Undefined when the two are no ends of a range.
 */
export function expandRange(from: string, to: string, listing: Listing): string[] | undefined {
  const start = counted(from)
  if (start === undefined || !(listing.ids.has(from) || looksLikeId(from))) return undefined
  if (/^\d{1,6}$/.test(to)) {
    const counts = listing.ids.has(from) && Number(to) > Number(start.digits)
    return counts ? count(start, Number(start.digits), Number(to)) : undefined
  }
  const end = counted(to)
  if (end === undefined || !(listing.ids.has(to) || looksLikeId(to))) return undefined
  if (start.prefix !== end.prefix) return listing.between(from, to)
  const [low, high] = [Number(start.digits), Number(end.digits)].toSorted((a, b) => a - b)
  return count(start, low ?? 0, high ?? 0)
}

/** Ids in the order given, with those that count on from each other together: `P0.1.4`, `P0.1.5` are one run. */
export function runsOf(ids: readonly string[]): string[][] {
  const runs: string[][] = []
  for (const id of ids) {
    const run = runs.at(-1)
    if (run !== undefined && follows(run.at(-1) ?? '', id)) run.push(id)
    else runs.push([id])
  }
  return runs
}

function follows(before: string, id: string): boolean {
  const [one, two] = [counted(before), counted(id)]
  if (one === undefined || two === undefined) return false
  return one.prefix === two.prefix && Number(two.digits) === Number(one.digits) + 1
}

function counted(id: string): Counted | undefined {
  const match = /^(.*?)(\d{1,6})$/.exec(id)
  return match?.[1] === undefined || match[2] === undefined ? undefined : { prefix: match[1], digits: match[2] }
}

/** Counting stops past the limit of dependencies, so that the excess shows and nothing grows without bound. */
function count({ prefix, digits }: Counted, low: number, high: number): string[] {
  const width = digits.startsWith('0') ? digits.length : 0
  const length = Math.min(high - low, LIMITS.dependencies) + 1
  const ids = Array.from({ length }, (_, index) => `${prefix}${String(low + index).padStart(width, '0')}`)
  return ids.filter(isId)
}
