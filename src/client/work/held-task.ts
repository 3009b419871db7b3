import { isFabricError } from '../../model/errors.js'
import type { CallOptions } from '../call.js'
import type { BlockerView, EscalationView, InputOf, MessageView, TaskView } from '../operation-types.js'
import type { Claim } from './claim.js'
import { persist, type WorkContext } from './context.js'
import type { WorkResult } from './options.js'
import type { UsageInput } from './usage-book.js'

type Milestone = Omit<InputOf<'task', 'milestone'>, 'task' | 'as' | 'epoch' | 'percent'>
type Blocker = Omit<InputOf<'task', 'block'>, 'task' | 'as' | 'epoch'>
type Question = Omit<InputOf<'escalation', 'ask'>, 'task' | 'as'>

/**
 * A task in the hands of a handler. Words that the fabric cannot be reached for are said again until it answers; when the
 * claim is over they throw what its signal aborted with.
 */
export interface HeldTask {
  readonly task: TaskView
  readonly swarm: string
  /** Fencing token of the claim: pass it on to whatever this work writes to, and have it refuse a smaller one. */
  readonly epoch: number
  /** The claim is an earlier one, for instance of this worker before a restart. */
  readonly resumed: boolean
  /** Aborts with a `ClaimEndedError` when the claim is lost or stopped, and when the worker stops. End the work then. */
  readonly signal: AbortSignal
  /** Reports 25, 50, 75 or 100 percent. */
  milestone(percent: InputOf<'task', 'milestone'>['percent'], report?: Milestone): Promise<TaskView>
  /** Reports what was used. It is sent with a heartbeat within seconds; a budget that it exhausts stops the claim. */
  usage(usage: UsageInput): void
  /** Says what stops the work and waits until that is resolved. Meanwhile the worker takes other work in this place. */
  block(blocker: Blocker): Promise<BlockerView>
  /** Asks people and waits until one answers, or the question expires. */
  ask(question: Question): Promise<EscalationView>
  /** Sends a message about this task to a swarm or to the orchestrator. */
  send(to: string, text: string): Promise<MessageView>
}

/** Does one task. What it returns completes the task; what it throws fails the attempt. */
// biome-ignore lint/suspicious/noConfusingVoidType: a handler with nothing to say returns nothing, on some paths or on all.
export type WorkHandler = (held: HeldTask) => Promise<WorkResult | undefined | void>

/** `whileWaiting` runs a wait during which the handler needs no place of its own. */
export function heldTask(
  context: WorkContext,
  claim: Claim,
  whileWaiting: <Result>(wait: () => Promise<Result>) => Promise<Result>,
): HeldTask {
  const { client, swarm } = context
  const { task, epoch, resumed } = claim.granted
  const { signal } = claim
  const say = <Answer>(call: (options: CallOptions) => Promise<Answer>) => sayUnder(context, claim, call)
  return {
    task,
    swarm,
    epoch,
    resumed,
    signal,
    milestone: (percent, report = {}) =>
      say((options) => client.task.milestone({ ...report, ...claim.word, percent }, options)),
    usage: (usage) => claim.spend(usage),
    send: (to, text) => say((options) => client.swarm.send({ to, as: swarm, text, task: task.id }, options)),
    async block(blocker) {
      const raised = await say((options) => client.task.block({ ...blocker, ...claim.word }, options))
      return whileWaiting(() =>
        untilKnown(context, claim, async () => {
          const { blockers } = await say((options) => client.task.show({ task: task.id }, options))
          const now = blockers.find(({ id }) => id === raised.id)
          return now === undefined || now.state === 'resolved' ? (now ?? raised) : undefined
        }),
      )
    },
    async ask(question) {
      const { id: escalation } = await say((options) =>
        client.escalation.ask({ ...question, as: swarm, task: task.id }, options),
      )
      return untilKnown(context, claim, async () => {
        const now = await say((options) => client.escalation.show({ escalation }, options))
        return now.state === 'open' ? undefined : now
      })
    },
  }
}

/** Asks again whenever there is news of the claim: a message about it, or an answered heartbeat. */
async function untilKnown<Result>(
  { timing }: WorkContext,
  { signal, news }: Claim,
  look: () => Promise<Result | undefined>,
): Promise<Result> {
  for (;;) {
    const { count } = news
    const found = await look()
    if (found !== undefined) return found
    await news.since(count, timing, signal)
    signal.throwIfAborted()
  }
}

async function sayUnder<Answer>(
  context: WorkContext,
  claim: Claim,
  call: (options: CallOptions) => Promise<Answer>,
): Promise<Answer> {
  const { signal, granted } = claim
  try {
    return await persist(context, { during: 'word', task: granted.task.id, signal }, call)
  } catch (error) {
    if (isFabricError(error, 'STALE_CLAIM')) claim.lose(error)
    throw error
  }
}
