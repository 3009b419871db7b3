import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { CoordinatorCommand } from '../../src/coordinator/commands.js'
import { DEFAULT_GOVERNOR_POLICY, type GovernorPolicy } from '../../src/governor/policy/policy.js'
import { ADMIN_ACTOR } from '../../src/model/entry.js'
import { FabricError } from '../../src/model/errors.js'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../src/model/time.js'
import { makeTask } from '../../src/testing/factories.js'
import { World } from '../coordinator/world.js'
import { isKept, Ledger } from './ledger.js'

const TASKS = ['a', 'b', 'c', 'd', 'e']
const SWARMS = ['s1', 's2', 's3']

const { budgets: noBudgets } = DEFAULT_GOVERNOR_POLICY
const { maxCostPerTaskNanos: _, ...unbounded } = DEFAULT_GOVERNOR_POLICY
/** Some numbers are small, so that every limit is met often. */
const POLICIES: readonly GovernorPolicy[] = [
  {
    ...DEFAULT_GOVERNOR_POLICY,
    maxCostPerTaskNanos: 10,
    budgets: {
      ...noBudgets,
      fabric: { total: { nanos: 90, outputTokens: 80 }, day: { nanos: 40 } },
      boards: { '*': { week: { nanos: 30 }, month: { nanos: 60 } } },
      swarms: { '*': { total: { nanos: 25 } } },
      holdTokens: { inputTokens: 0, outputTokens: 5, cachedTokens: 0 },
    },
  },
  {
    ...DEFAULT_GOVERNOR_POLICY,
    maxCostPerTaskNanos: 4,
    budgets: { ...noBudgets, fabric: { total: { nanos: 20 } }, swarms: { s1: { day: { nanos: 15 } } } },
  },
  {
    ...DEFAULT_GOVERNOR_POLICY,
    maxCostPerTaskNanos: 12,
    capabilityRules: { 'deploy:*': { maxCostNanos: 6 } },
    budgets: { ...noBudgets, boards: { b0: { day: { nanos: 24, outputTokens: 9 } } } },
  },
  {
    ...unbounded,
    budgets: {
      ...noBudgets,
      swarms: { '*': { day: { outputTokens: 12 } } },
      holdTokens: { inputTokens: 0, outputTokens: 6, cachedTokens: 0 },
    },
  },
  unbounded,
]

const task = fc.nat(TASKS.length - 1)
const swarm = fc.nat(SWARMS.length - 1)
/** Which of the claims or acceptances that there were; mostly one of the newest. */
const back = fc.oneof({ weight: 5, arbitrary: fc.nat(2) }, { weight: 1, arbitrary: fc.nat(12) })
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom('claim', 'next'), task, swarm }) },
  {
    weight: 7,
    arbitrary: fc.record({
      kind: fc.constantFrom('report', 'heartbeat'),
      back,
      nanos: fc.oneof({ weight: 5, arbitrary: fc.nat(4) }, { weight: 1, arbitrary: fc.nat(14) }),
      outputTokens: fc.nat(3),
      /** Small, so that names come again. */
      name: fc.nat(20),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('complete', 'release', 'fail', 'milestone'), back }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('cancel', 'retry', 'update'), task }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('block', 'help', 'accept', 'resolve'), back, swarm }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('extend'), account: fc.nat(40), nanos: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('policy'), policy: fc.nat(POLICIES.length - 1) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('budget', 'retire', 'reset'), swarm, nanos: fc.nat(30) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('pass'),
      ms: fc.constantFrom(MINUTE_MS, 6 * MINUTE_MS, HOUR_MS, 11 * HOUR_MS, DAY_MS, 9 * DAY_MS),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart') }) },
)
type Step = typeof step extends fc.Arbitrary<infer One> ? One : never

interface Word {
  readonly task: string
  readonly epoch: number
}

/** A world, and the ledger that reads what it writes. */
class Story {
  readonly world = new World()
  readonly ledger = new Ledger()
  /** Claims and acceptances, oldest first. */
  readonly #words: Word[] = []
  readonly #blockers: string[] = []
  #read = 0

  constructor(first: number) {
    this.take({ kind: 'policy', policy: first })
    for (const [at, id] of SWARMS.entries()) this.world.register(id, at === 2 ? { budgetNanos: 28, capacity: 2 } : {})
    for (const [at, id] of TASKS.entries()) {
      const board = at < 4 ? { board: `b${at % 2}` } : {}
      const dear = at % 3 === 0 ? { maxCostNanos: 3 } : {}
      this.world.create(makeTask(id, { ...board, ...dear, requires: at === 1 ? ['deploy:web'] : [] }))
    }
    for (const id of SWARMS) this.world.register(id, this.#profile(id))
    this.follow()
  }

  #profile(id: string, budgetNanos?: number) {
    return { capabilities: ['deploy:web'], capacity: id === 's3' ? 2 : 1, ...(budgetNanos && { budgetNanos }) }
  }

  /** Lets the ledger read what is new. */
  follow(): void {
    const { log } = this.world
    for (; this.#read < log.length; this.#read += 1) {
      const entry = log[this.#read]
      if (entry === undefined) throw new Error('the log has a gap')
      if (entry.type === 'task_claimed') this.#words.push({ task: entry.subject, epoch: entry.index })
      if (entry.type === 'help_accepted') this.#words.push({ task: entry.data.task, epoch: entry.index })
      if (entry.type === 'blocker_raised') this.#blockers.push(entry.subject)
      this.ledger.read(entry)
    }
  }

  take(step: Step): void {
    const { world } = this
    if ('ms' in step) world.pass(step.ms)
    else if (step.kind === 'restart') world.restart()
    else {
      const command = this.#command(step)
      if (command !== undefined) this.#send(command)
    }
    this.follow()
  }

  #send(command: CoordinatorCommand): void {
    const speaker = 'swarm' in command && 'epoch' in command ? undefined : ADMIN_ACTOR
    try {
      this.world.send(command, speaker)
    } catch (error) {
      if (!(error instanceof FabricError) || error.code === 'INTERNAL') throw error
    }
  }

  #command(step: Exclude<Step, { ms: number }>): CoordinatorCommand | undefined {
    if ('account' in step) {
      const accounts = [...this.world.state.governor.books.accounts.keys()]
      const account = accounts[step.account % Math.max(1, accounts.length)] ?? 'fabric/total'
      return { type: 'extend_budget', account, nanos: step.nanos, reason: 'more' }
    }
    if ('policy' in step) {
      const policy = POLICIES[step.policy] ?? unbounded
      return { type: 'apply_policy', policy, digest: `policy-${step.policy}` }
    }
    if ('back' in step) return this.#word(step)
    if ('task' in step) return this.#taskCommand(step)
    return 'swarm' in step ? this.#swarmCommand(step.kind, SWARMS[step.swarm] ?? '', step.nanos) : undefined
  }

  #taskCommand(step: Extract<Step, { task: number }>): CoordinatorCommand | undefined {
    const id = TASKS[step.task] ?? ''
    if ('swarm' in step) {
      const swarm = SWARMS[step.swarm] ?? ''
      if (step.kind === 'claim') return { type: 'claim_task', task: id, swarm }
      return { type: 'offer_next', swarm, claim: true }
    }
    if (step.kind === 'cancel') return { type: 'cancel_task', task: id, cascade: false }
    if (step.kind === 'retry') return { type: 'retry_task', task: id }
    const spec = makeTask(id, { board: 'b0', maxCostNanos: 8 })
    return { type: 'import_board', board: 'b0', tasks: [{ spec }], dryRun: false }
  }

  #swarmCommand(kind: string, swarm: string, nanos: number): CoordinatorCommand {
    if (kind === 'retire') return { type: 'retire_swarm', swarm }
    if (kind === 'reset') return { type: 'reset_breaker', swarm, reason: 'looked at' }
    const budget = nanos < 5 ? {} : { budgetNanos: nanos }
    return { type: 'register_swarm', swarm, metadata: {}, ...this.#profile(swarm), ...budget }
  }

  #word(step: Extract<Step, { back: number }>): CoordinatorCommand | undefined {
    const word = this.#words.at(-1 - step.back)
    if (word === undefined) return undefined
    if ('name' in step) {
      const { nanos, outputTokens } = step
      const usage = { id: `r${step.name}`, costNanos: nanos, outputTokens }
      return { type: step.kind === 'report' ? 'report_usage' : 'heartbeat', ...word, usage }
    }
    if ('swarm' in step) return this.#helpCommand(step.kind, word, step.back, SWARMS[step.swarm] ?? '')
    switch (step.kind) {
      case 'complete':
        return { type: 'complete_task', ...word, evidence: [] }
      case 'release':
        return { type: 'release_task', ...word }
      case 'milestone':
        return { type: 'report_milestone', ...word, percent: 50 }
      default:
        return { type: 'fail_task', ...word, reason: 'broken', retry: true }
    }
  }

  #helpCommand(kind: string, word: Word, back: number, swarm: string): CoordinatorCommand | undefined {
    if (kind === 'block') return { type: 'raise_blocker', ...word, kind: 'help', needs: 'a hand', requires: [] }
    const blocker = this.#blockers.at(-1 - back)
    if (blocker === undefined) return undefined
    if (kind === 'help') return { type: 'assign_helpers', blocker, swarms: [swarm] }
    if (kind === 'accept') return { type: 'answer_help', blocker, swarm, accept: true }
    return { type: 'resolve_blocker', blocker }
  }

  /** The product's books say what the ledger does. */
  compare(): void {
    const { books } = this.world.state.governor
    const { now } = this.world
    const ids = new Set([...books.accounts.keys(), ...this.ledger.accounts.keys()])
    for (const id of ids) {
      const { settled, held, wastedNanos, extendedNanos, frozenAt } = books.account(id)
      expect(held, `held in ${id}`).toEqual(this.ledger.held(id))
      const known = this.ledger.accounts.get(id)
      if (known === undefined || !isKept(id, now)) continue
      const row = { settled, wasted: wastedNanos, extended: extendedNanos, frozen: frozenAt !== undefined }
      expect(row, id).toEqual(known)
    }
    const live = [...this.ledger.holds].filter(([, hold]) => !hold.ended)
    expect([...books.holds.keys()].sort()).toEqual(live.map(([id]) => id).sort())
    for (const [id, hold] of live) {
      const { amount, settled, accounts = [] } = books.holds.get(id) ?? {}
      expect([amount, settled, [...accounts].sort()], id).toEqual([hold.amount, hold.settled, hold.accounts])
    }
  }

  rows(): string {
    return JSON.stringify([...this.world.state.rows()])
  }
}

test('the books are those that the entries tell, through crashes, and no hold was ever placed beyond a limit', () => {
  const story = fc.record({ first: fc.nat(POLICIES.length - 1), steps: fc.array(step, { maxLength: 90, size: 'max' }) })
  fc.assert(
    fc.property(story, ({ first, steps }) => {
      const played = new Story(first)
      for (const one of steps) {
        const before = one.kind === 'restart' ? played.rows() : undefined
        played.take(one)
        if (before !== undefined) expect(played.rows()).toBe(before)
        played.compare()
      }
      const before = played.rows()
      played.world.restart()
      expect(played.rows()).toBe(before)
    }),
    { seed: Number(process.env.SEED ?? 1), numRuns: Number(process.env.SIMULATIONS ?? 150) },
  )
})
