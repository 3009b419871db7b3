import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { CoordinatorCommand } from '../../src/coordinator/commands.js'
import { FabricError } from '../../src/model/errors.js'
import type { TaskState } from '../../src/model/task.js'
import { makeTask } from '../../src/testing/factories.js'
import { World } from '../coordinator/world.js'

const TASKS = ['a', 'b', 'c', 'd', 'e', 'f']
const SWARMS = ['s1', 's2', 's3']

interface ModelTask {
  readonly dependencies: readonly string[]
  state: TaskState
  holder?: string
  /** Which claim of this task it is, counted from 1; the real epoch is looked up by it. */
  claims: number
}

/** What the coordinator promises, in the fewest words: no logs, no times, no indexes. */
class Model {
  readonly tasks = new Map<string, ModelTask>()

  create(id: string, dependencies: readonly string[]): string {
    if (this.tasks.has(id)) return 'CONFLICT'
    if (dependencies.some((dependency) => !this.tasks.has(dependency))) return 'NOT_FOUND'
    this.tasks.set(id, { dependencies, state: 'blocked', claims: 0 })
    this.#settle()
    return 'ok'
  }

  claim(id: string, swarm: string): string {
    const task = this.tasks.get(id)
    if (task === undefined) return 'NOT_FOUND'
    if (task.holder === swarm) return 'ok'
    if (task.holder !== undefined) return 'ALREADY_CLAIMED'
    if (task.state === 'blocked') return 'BLOCKED_BY'
    if (task.state !== 'available') return 'WRONG_STATE'
    if ([...this.tasks.values()].some(({ holder }) => holder === swarm)) return 'NOT_ELIGIBLE'
    Object.assign(task, { state: 'claimed', holder: swarm, claims: task.claims + 1 })
    return 'ok'
  }

  /** A word of the holder under its `claim`-th claim that ends it. */
  end(id: string, claim: number, state: TaskState): string {
    const task = this.tasks.get(id)
    if (task === undefined) return 'NOT_FOUND'
    if (task.holder === undefined || claim !== task.claims) return 'STALE_CLAIM'
    this.#leave(task, state)
    return 'ok'
  }

  cancel(id: string): string {
    const task = this.tasks.get(id)
    if (task === undefined) return 'NOT_FOUND'
    if (task.state === 'completed') return 'WRONG_STATE'
    this.#leave(task, 'cancelled')
    return 'ok'
  }

  retry(id: string): string {
    const task = this.tasks.get(id)
    if (task === undefined) return 'NOT_FOUND'
    if (task.state !== 'failed' && task.state !== 'cancelled') return 'WRONG_STATE'
    this.#leave(task, 'blocked')
    return 'ok'
  }

  #leave(task: ModelTask, state: TaskState): void {
    delete task.holder
    task.state = state
    this.#settle()
  }

  #settle(): void {
    for (const task of this.tasks.values()) {
      if (task.state !== 'blocked' && task.state !== 'available') continue
      const open = task.dependencies.some((dependency) => this.tasks.get(dependency)?.state !== 'completed')
      task.state = open ? 'blocked' : 'available'
    }
  }
}

const task = fc.constantFrom(...TASKS)
const swarm = fc.constantFrom(...SWARMS)
/** 0 is the newest claim, 1 the one before, and so on. */
const back = fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(2) })
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('create' as const), task, dependencies: fc.subarray(TASKS) }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('claim' as const), task, swarm }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('complete', 'release', 'fail'), task, back }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('cancel', 'retry', 'restart'), task }) },
)
type Step = typeof step extends fc.Arbitrary<infer One> ? One : never

/** The model and the coordinator side by side. */
class Pair {
  readonly model = new Model()
  readonly world = new World()
  /** Epochs of a task's claims, oldest first. */
  readonly #epochs = new Map<string, number[]>()

  constructor() {
    for (const name of SWARMS) this.world.register(name)
  }

  take(step: Step): { readonly expected: string; readonly actual: string } {
    const { model } = this
    const { task: id } = step
    if ('dependencies' in step) {
      const dependencies = step.dependencies.slice(0, 2)
      const spec = makeTask(id, { dependencies })
      const known = model.tasks.get(id)
      const same = known !== undefined && known.dependencies.join() === dependencies.join()
      const command = { type: 'create_task', task: spec } as const
      return { expected: same ? 'ok' : model.create(id, dependencies), actual: this.#send(command) }
    }
    if ('swarm' in step) {
      const command = { type: 'claim_task', task: id, swarm: step.swarm } as const
      return { expected: model.claim(id, step.swarm), actual: this.#send(command) }
    }
    if ('back' in step) return this.#end(id, step.kind, step.back)
    if (step.kind === 'restart') {
      this.world.restart()
      return { expected: 'ok', actual: 'ok' }
    }
    return step.kind === 'cancel'
      ? { expected: model.cancel(id), actual: this.#send({ type: 'cancel_task', task: id, cascade: false }) }
      : { expected: model.retry(id), actual: this.#send({ type: 'retry_task', task: id }) }
  }

  #end(id: string, kind: string, back: number): { readonly expected: string; readonly actual: string } {
    const claims = this.model.tasks.get(id)?.claims ?? 0
    const claim = claims - back
    const epoch = this.#epochs.get(id)?.[claim - 1] ?? 999_999
    if (kind === 'complete') {
      // Saying again what completed a task is no news and no fault.
      const repeated = this.model.tasks.get(id)?.state === 'completed' && back === 0
      const actual = this.#send({ type: 'complete_task', task: id, epoch, evidence: [] })
      return { expected: repeated ? 'ok' : this.model.end(id, claim, 'completed'), actual }
    }
    if (kind === 'release') {
      const actual = this.#send({ type: 'release_task', task: id, epoch })
      return { expected: this.model.end(id, claim, 'available'), actual }
    }
    const actual = this.#send({ type: 'fail_task', task: id, epoch, reason: 'no', retry: false })
    return { expected: this.model.end(id, claim, 'failed'), actual }
  }

  #send(command: CoordinatorCommand): string {
    try {
      const reply = this.world.send(command)
      if (command.type === 'claim_task') {
        const { epoch } = reply as { epoch: number }
        const epochs = this.#epochs.get(command.task) ?? []
        if (epochs.at(-1) !== epoch) this.#epochs.set(command.task, [...epochs, epoch])
      }
      return 'ok'
    } catch (error) {
      if (error instanceof FabricError) return error.code
      throw error
    }
  }

  states(): unknown {
    return [...this.model.tasks].map(([id, { state, holder }]) => [id, state, holder])
  }

  realStates(): unknown {
    return [...this.world.state.tasks.values()].map(({ id, state, claim }) => [id, state, claim?.swarm])
  }
}

test('the coordinator answers as a model of a few lines does, and ends in the same state', () => {
  const selfless = (one: Step) => !('dependencies' in one) || !one.dependencies.slice(0, 2).includes(one.task)
  fc.assert(
    fc.property(fc.array(step.filter(selfless), { maxLength: 60, size: 'max' }), (steps) => {
      const pair = new Pair()
      for (const one of steps) {
        const { expected, actual } = pair.take(one)
        expect(actual, JSON.stringify(one)).toBe(expected)
        expect(pair.realStates()).toEqual(pair.states())
      }
    }),
    { seed: Number(process.env.SEED ?? 1), numRuns: Number(process.env.SIMULATIONS ?? 200) },
  )
})
