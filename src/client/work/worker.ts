import { FabricError } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'
import type { FabricOperations } from '../client.js'
import { persist, type WorkContext } from './context.js'
import type { WorkHandler } from './held-task.js'
import { followInbox } from './inbox.js'
import { Jobs } from './jobs.js'
import type { Activity, Worker, WorkOptions } from './options.js'
import { Bell, orAt, systemTiming } from './timing.js'
import { WorkLoop } from './work-loop.js'

const POLL_MS = 50_000
const LEAST_POLL_MS = 100
const GRACE_MS = 10_000
const MOST_PLACES = 1_000
/** setTimeout treats a longer delay as none at all. */
const LONGEST_GRACE_MS = 2 ** 31 - 1

/** Works on tasks until it is stopped. Throws INVALID_ARGUMENT for options out of bounds. */
export function startWorker(client: FabricOperations, handler: WorkHandler, options: WorkOptions = {}): Worker {
  requireWithin('concurrency', options.concurrency ?? 1, 1, MOST_PLACES)
  requireWithin('pollMs', options.pollMs ?? POLL_MS, LEAST_POLL_MS, LIMITS.waitMs)
  requireWithin('graceMs', options.graceMs ?? GRACE_MS, 0, LONGEST_GRACE_MS)
  const ending = new AbortController()
  const end = () => ending.abort()
  options.signal?.addEventListener('abort', end, { once: true })
  if (options.signal?.aborted) end()
  const done = work(client, handler, options, ending).finally(() => {
    options.signal?.removeEventListener('abort', end)
  })
  const stop = () => {
    end()
    return done
  }
  return { done, stop }
}

function requireWithin(field: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return
  throw new FabricError('INVALID_ARGUMENT', `${field} is ${value}; it must be from ${least} to ${most}.`, { field })
}

type Common = Omit<WorkContext, 'swarm'>

async function work(
  client: FabricOperations,
  handler: WorkHandler,
  options: WorkOptions,
  ending: AbortController,
): Promise<void> {
  const failures: unknown[] = []
  const fail = (error: unknown) => {
    failures.push(error)
    ending.abort()
  }
  const tell = tellOr(fail)
  const common: Common = {
    client,
    timing: options.timing ?? systemTiming,
    ending: ending.signal,
    fail,
    problem: (during: Activity, error: unknown, task?: string) =>
      tell(options.onProblem, { during, error, ...(task !== undefined && { task }) }),
  }
  try {
    const swarm = options.as ?? (await ownSwarm(common))
    if (swarm !== undefined) await workAs({ ...common, swarm }, handler, options, tell)
  } catch (error) {
    fail(error)
  }
  if (failures.length > 0) throw failures[0]
}

type Tell = <News>(listen: ((news: News) => void) | undefined, news: News) => void

/** Calls a function of the user. What it throws ends the worker, and is thrown to the user. */
function tellOr(fail: (error: unknown) => void): Tell {
  return (listen, news) => {
    try {
      listen?.(news)
    } catch (error) {
      fail(error)
    }
  }
}

/** The swarm that the client's token stands for; undefined when the worker ends before that is known. */
async function ownSwarm(common: Common): Promise<string | undefined> {
  const { client, ending: signal } = common
  try {
    const { swarm } = await persist(common, { during: 'identity', signal }, (options) =>
      client.token.whoami({}, options),
    )
    if (swarm !== undefined) return swarm
  } catch (error) {
    if (signal.aborted) return undefined
    throw error
  }
  const message = 'This token is not that of a swarm. Name the swarm to work for with `as`.'
  throw new FabricError('INVALID_ARGUMENT', message, { field: 'as' })
}

async function workAs(context: WorkContext, handler: WorkHandler, options: WorkOptions, tell: Tell): Promise<void> {
  const { pollMs = POLL_MS, concurrency = 1, graceMs = GRACE_MS, leaseMs } = options
  const changed = new Bell()
  const overdue = new AbortController()
  const jobs = new Jobs(context, {
    handler,
    onHelp: options.onHelp,
    onEnd: (end) => tell(options.onEnd, end),
    onChange: () => {
      loop.jobEnded()
      changed.ring()
    },
  })
  const loop = new WorkLoop(
    context,
    { concurrency, pollMs, leaseMs, onIdle: (idle) => tell(options.onIdle, idle) },
    jobs,
    changed,
  )
  const following = followInbox(context, {
    onMessage: options.onMessage,
    pollMs,
    onNews: (message) => {
      jobs.hear(message)
      changed.ring()
    },
  }).catch(context.fail)
  await loop.run().catch(context.fail)
  jobs.interrupt()
  const cancel = context.timing.after(graceMs, () => {
    jobs.giveUp()
    overdue.abort()
  })
  await loop.takeBack()
  await Promise.all([jobs.ended(), orAt(following, overdue.signal, undefined)])
  cancel()
}
