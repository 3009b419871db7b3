import { LEAD_TTL_MS, type Member, type Membership } from '../../journal/membership.js'
import { asFabricError, FabricError } from '../../model/errors.js'
import type { Engine } from '../engine.js'
import type { Timing } from '../timing.js'
import type { Freshness } from './freshness.js'
import { isUndone, type NodeAnswer, type NodeLink, type NodeRequest, noAnswer } from './link.js'

export interface LeaderCallsOptions {
  readonly timing: Timing
  readonly membership: Membership
  readonly link: NodeLink
  /** Id of this node. */
  readonly self: string
  /** The engine of this node, while it leads. */
  readonly engine: () => Engine | undefined
  readonly freshness: Freshness
  /** Aborts when this node closes. */
  readonly closing: AbortSignal
  /** Resolves when the state of this node has so many entries. */
  readonly reach: (position: number) => Promise<void>
  /** Resolves when it may be another one that leads, or after a moment. */
  readonly news: () => Promise<void>
}

/** How long a call waits for a leader: longer than a dead one takes to be succeeded. Milliseconds. */
const LEADER_PATIENCE_MS = 8_000
/** How long a request to another node may take. Milliseconds. */
const REQUEST_MS = 10_000

/** Has things done by the node that leads: this one, or another that is told the request. */
export class LeaderCalls {
  readonly #options: LeaderCallsOptions

  constructor(options: LeaderCallsOptions) {
    this.#options = options
  }

  /**
   * Has the node that leads do something, and resolves when this node's state has what came of it. When the lead changes
   * meanwhile it is asked of the next one, where it was surely not done, or where doing it twice is the same as once
   * (`repeatable`). Throws its coded error, or UNAVAILABLE.
   */
  async atLeader<Result>(
    request: NodeRequest,
    here: (engine: Engine) => Promise<Result>,
    repeatable = false,
  ): Promise<Result> {
    const { timing, news } = this.#options
    const until = timing.elapsed() + LEADER_PATIENCE_MS
    for (;;) {
      let failure: unknown
      try {
        const done = await this.#tryLeader(request, here)
        if (done !== undefined) return done.result
        failure = noLeader()
      } catch (error) {
        if (!isUndone(error) && !(repeatable && isUnknown(error))) throw error
        failure = error
      }
      if (this.#options.closing.aborted) throw closing()
      if (timing.elapsed() >= until) throw isUndone(failure) ? noLeader() : failure
      await news()
    }
  }

  /** Undefined when nobody leads. */
  async #tryLeader<Result>(request: NodeRequest, here: (engine: Engine) => Promise<Result>) {
    const { membership, freshness, self, reach } = this.#options
    const engine = this.#options.engine()
    if (engine !== undefined) {
      // After a pause of the whole process another one may lead, and only the journal knows.
      if (!freshness.isWithin(LEAD_TTL_MS)) await freshness.ask()
      if (!freshness.isWithin(LEAD_TTL_MS)) return undefined
      return { result: await here(engine) }
    }
    const { members, leader } = membership.view()
    const node = members.find(({ id }) => id === leader?.id)
    if (node === undefined || node.id === self) return undefined
    const { result, position } = await this.#askLeader(node, leader?.term, request)
    await reach(position)
    return { result: result as Result }
  }

  /** Ends without an answer when another node leads: one that was stopped may keep its callers for long. */
  async #askLeader(node: Member, term: number | undefined, request: NodeRequest): Promise<NodeAnswer> {
    const { membership, link } = this.#options
    let stop = () => {}
    const replaced = new Promise<never>((_, reject) => {
      stop = membership.onChange(({ leader }) => {
        if (leader !== undefined && leader.term !== term) reject(noAnswer(node))
      })
    })
    try {
      return await Promise.race([link.ask(node, request, REQUEST_MS), replaced])
    } finally {
      stop()
    }
  }
}

/** Whether nobody knows if what failed with this error was done. */
function isUnknown(error: unknown): boolean {
  const { code, details } = asFabricError(error)
  return code === 'AMBIGUOUS' || code === 'STORAGE_FAILED' || details.reason === 'no_answer'
}

function noLeader(): FabricError {
  return new FabricError(
    'UNAVAILABLE',
    'No node leads at this moment; another one takes over within seconds. Try again.',
    {
      reason: 'no_leader',
    },
  )
}

/** This node is closing, and does nothing more for anybody. */
export function closing(): FabricError {
  return new FabricError('UNAVAILABLE', 'This node is closing. Ask another one.', { reason: 'closing' })
}
