/** Finds the listed id that an unlisted one was probably meant to be. */
export class Likeness {
  readonly #ids: readonly string[]
  readonly #skeletons = new Map<string, string>()
  readonly #groups = new Map<string, string[]>()
  #comparisons = 0

  constructor(ids: readonly string[]) {
    this.#ids = ids
    for (const id of ids) {
      this.#skeletons.set(skeleton(id), id)
      const group = groupOf(id)
      if (group === undefined) continue
      const members = this.#groups.get(group)
      if (members === undefined) this.#groups.set(group, [id])
      else members.push(id)
    }
  }

  /** Why `id` looks like a slip, as half a sentence; undefined when it does not. */
  suspect(id: string): string | undefined {
    const same = this.#skeletons.get(skeleton(id)) ?? this.#neighbour(id)
    if (same !== undefined) return `did you mean ${same}?`
    const group = groupOf(id) ?? ''
    const siblings = this.#groups.get(group) ?? []
    if (siblings.length > 1) return `the board lists ${shown(siblings)} of that group.`
    const members = this.#groups.get(`${id}.`) ?? []
    return members.length > 0 ? `it is the name of a group; write out its tasks: ${shown(members)}.` : undefined
  }

  /** Comparing all with all would take minutes on a large board; past a bound, only skeletons are compared. */
  #neighbour(id: string): string | undefined {
    if (this.#comparisons > MAX_COMPARISONS) return undefined
    this.#comparisons += this.#ids.length
    return this.#ids.find((known) => isSlip(id, known))
  }
}

const MAX_COMPARISONS = 2_000_000

function shown(ids: readonly string[]): string {
  return ids.length > 3 ? `${ids.slice(0, 3).join(', ')} and ${ids.length - 3} more` : ids.join(', ')
}

/** `P0.1.` of `P0.1.4`. Ids without a separator before their number form no group. */
function groupOf(id: string): string | undefined {
  return /^(.*[._:-])\d+$/.exec(id)?.[1]
}

/** What remains of an id when case, separators, leading zeros and letters that look like digits do not count. */
function skeleton(id: string): string {
  const digits = id.toLowerCase().replaceAll('o', '0').replace(/[il]/g, '1')
  return digits
    .replace(/[._:-]+0*(?=\d)/g, '/')
    .replace(/[._:-]+/g, '/')
    .replace(/^([a-z]+)\//, '$1')
}

/** Whether one edit other than of a digit leads from one id to the other: another number is another task. */
function isSlip(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1 || Math.min(a.length, b.length) < 4) return false
  let start = 0
  while (start < a.length && a[start] === b[start]) start += 1
  let end = 0
  const room = Math.min(a.length, b.length) - start
  while (end < room && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1
  const [left, right] = [a.slice(start, a.length - end), b.slice(start, b.length - end)]
  if (left.length === 2 && right.length === 2)
    return left[0] === right[1] && left[1] === right[0] && !/\d{2}/.test(left)
  return left.length <= 1 && right.length <= 1 && !/\d/.test(left + right) && start + end >= 3
}
