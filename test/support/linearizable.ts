/** One operation on a shared object, with what its caller knows of when it took effect. */
export interface Operation {
  /** On one clock for all callers. It took effect between these two, or never where the second is missing: nobody knows. */
  readonly from: number
  readonly until?: number
  /** An operation of the same caller that took effect before. */
  readonly after?: this
}

/** What a correct object does, one operation at a time. */
export interface Model<State, Op extends Operation> {
  readonly initial: State
  /** The states after `op` took effect, at `now` at the latest, with the outcome that was heard; none when it cannot have. */
  step(state: State, op: Op, now: number): readonly State[]
  /** Equal for operations that do the same: of those with an outcome that nobody knows, one stands for all. */
  effectOf(op: Op): string
  /** Equal for states that behave alike. */
  keyOf(state: State): string
}

/** Why a history cannot be that of a correct object. */
export interface Contradiction<State, Op> {
  /** The first outcome that no order of what came before explains. */
  readonly operation: Op
  /** What could have been so until then. */
  readonly states: readonly State[]
}

/** One possible past: a state, and which of the operations that have not ended have taken effect. */
interface Past<State, Op> {
  readonly state: State
  readonly done: ReadonlySet<Op>
}

/** More possible pasts at one moment than this are not looked at; such a history has too many callers at once. */
const MAX_PASTS = 200_000

/**
 * Whether there is an order of all operations in which each has the outcome that was heard and takes effect between its start
 * and its end (Herlihy and Wing 1990); undefined when there is. Follows the search of Wing and Gong (1993): it keeps every
 * past that is possible, and at the end of each operation those in which it has taken effect.
 */
export function findContradiction<State, Op extends Operation>(
  model: Model<State, Op>,
  operations: readonly Op[],
): Contradiction<State, Op> | undefined {
  let pasts: Past<State, Op>[] = [{ state: model.initial, done: new Set() }]
  const open = new Set<Op>()
  const numbers = new Map(operations.map((op, number) => [op, number]))
  for (const { op, isEnd } of moments(operations)) {
    if (!isEnd) {
      open.add(op)
      continue
    }
    const next = pastsWith({ model, open, numbers }, pasts, op)
    if (next.length === 0) return { operation: op, states: distinct(model, pasts) }
    open.delete(op)
    pasts = next
  }
  return undefined
}

/** Starts and ends in order. What starts in the moment in which another ends may have been earlier. */
function moments<Op extends Operation>(operations: readonly Op[]) {
  const all = operations.flatMap((op) => [
    { op, at: op.from, isEnd: false },
    ...(op.until === undefined ? [] : [{ op, at: op.until, isEnd: true }]),
  ])
  return all.sort((a, b) => a.at - b.at || Number(a.isEnd) - Number(b.isEnd))
}

interface Search<State, Op extends Operation> {
  readonly model: Model<State, Op>
  /** What has started and not ended. */
  readonly open: ReadonlySet<Op>
  readonly numbers: ReadonlyMap<Op, number>
}

/** All pasts in which `op` has taken effect, each with no more of the others than it takes. */
function pastsWith<State, Op extends Operation>(
  search: Search<State, Op>,
  pasts: readonly Past<State, Op>[],
  op: Op,
): Past<State, Op>[] {
  const { model, numbers } = search
  const found = new Map<string, Past<State, Op>>()
  const seen = new Set<string>()
  const queue = [...pasts]
  const keyOf = ({ state, done }: Past<State, Op>) =>
    `${model.keyOf(state)} ${[...done].map((one) => numbers.get(one)).sort()}`
  for (let past = queue.pop(); past !== undefined; past = queue.pop()) {
    if (past.done.has(op)) {
      const rest = { state: past.state, done: without(past.done, op) }
      found.set(keyOf(rest), rest)
      continue
    }
    for (const next of continuations(search, past, op.until ?? Number.POSITIVE_INFINITY)) {
      const key = keyOf(next)
      if (seen.has(key)) continue
      if (seen.size > MAX_PASTS) throw new Error('There are too many operations at once to be checked')
      seen.add(key)
      queue.push(next)
    }
  }
  return [...found.values()]
}

/** The pasts that have one operation more. */
function* continuations<State, Op extends Operation>(
  { model, open }: Search<State, Op>,
  { state, done }: Past<State, Op>,
  now: number,
): Iterable<Past<State, Op>> {
  const tried = new Set<string>()
  for (const candidate of open) {
    if (done.has(candidate) || isEarly(candidate, done, open)) continue
    const isUnknown = candidate.until === undefined
    if (isUnknown && tried.size === tried.add(model.effectOf(candidate)).size) continue
    for (const next of model.step(state, candidate, now)) {
      // What nobody has heard of and changes nothing need not have happened.
      if (isUnknown && model.keyOf(next) === model.keyOf(state)) continue
      yield { state: next, done: new Set([...done, candidate]) }
    }
  }
}

/** Whether something of its caller that comes before has not taken effect. */
function isEarly<Op extends Operation>({ after }: Op, done: ReadonlySet<Op>, open: ReadonlySet<Op>): boolean {
  return after !== undefined && open.has(after as Op) && !done.has(after as Op)
}

function without<Item>(set: ReadonlySet<Item>, item: Item): ReadonlySet<Item> {
  const rest = new Set(set)
  rest.delete(item)
  return rest
}

function distinct<State, Op>(model: { keyOf(state: State): string }, pasts: readonly Past<State, Op>[]): State[] {
  return [...new Map(pasts.map(({ state }) => [model.keyOf(state), state])).values()]
}
