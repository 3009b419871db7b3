import type { MessageView } from '../operation-types.js'
import { isFatal, LONGEST_PAUSE_MS, persist, type WorkContext } from './context.js'
import type { WorkOptions } from './options.js'
import { Bell, backoffMs, rest } from './timing.js'

/** Messages that are read ahead of a slow `onMessage`. */
const MESSAGES_AHEAD = 1_000
/** Messages that are handled before they are acknowledged together, where more of them wait. */
const MESSAGES_PER_ACKNOWLEDGEMENT = 32

interface InboxOptions {
  readonly onMessage: WorkOptions['onMessage'] | undefined
  readonly pollMs: number
  /** Hears of each message as soon as it is read, before and beside `onMessage`. */
  readonly onNews: (message: MessageView) => void
}

/**
 * Follows the inbox of the worker's swarm from what was acknowledged last, over lost connections and restarts. Resolves when
 * the worker ends.
 */
export async function followInbox(context: WorkContext, { onMessage, onNews, pollMs }: InboxOptions): Promise<void> {
  const waiting: MessageView[] = []
  const bell = new Bell()
  const take = (message: MessageView) => {
    onNews(message)
    if (onMessage === undefined) return
    waiting.push(message)
    bell.ring()
  }
  const isFull = () => waiting.length >= MESSAGES_AHEAD
  const reading = readMessages(context, pollMs, take, isFull, bell)
  await Promise.all([reading, onMessage && deliver(context, waiting, bell, onMessage)])
}

async function readMessages(
  context: WorkContext,
  waitMs: number,
  take: (message: MessageView) => void,
  isFull: () => boolean,
  bell: Bell,
): Promise<void> {
  const { client, swarm, timing, ending: signal } = context
  let after = -1
  for (let failures = 0; !signal.aborted; ) {
    const { count } = bell
    if (isFull()) {
      await bell.since(count, timing, signal)
      continue
    }
    try {
      const { messages } = await client.inbox.read({ swarm, after, waitMs }, { signal })
      failures = 0
      for (const message of messages) {
        after = message.index
        take(message)
      }
    } catch (error) {
      if (signal.aborted) return
      if (isFatal(error)) return context.fail(error)
      context.problem('inbox', error)
      await rest(backoffMs(failures, LONGEST_PAUSE_MS), timing, signal)
      failures += 1
    }
  }
}

/** Gives one message after the other to the user, and acknowledges those that were handled. */
async function deliver(
  context: WorkContext,
  waiting: MessageView[],
  bell: Bell,
  onMessage: NonNullable<WorkOptions['onMessage']>,
): Promise<void> {
  const { timing, ending: signal } = context
  let handled: MessageView | undefined
  let failures = 0
  for (let unacknowledged = 0; !signal.aborted; ) {
    const { count } = bell
    const [message] = waiting
    if (handled !== undefined && (message === undefined || unacknowledged >= MESSAGES_PER_ACKNOWLEDGEMENT)) {
      await acknowledge(context, handled)
      handled = undefined
      unacknowledged = 0
    } else if (message === undefined) {
      await bell.since(count, timing, signal)
    } else {
      try {
        await onMessage(message, { signal })
        failures = 0
        handled = waiting.shift()
        unacknowledged += 1
        bell.ring()
      } catch (error) {
        if (signal.aborted) break
        context.problem('message', error)
        await rest(backoffMs(failures, LONGEST_PAUSE_MS), timing, signal)
        failures += 1
      }
    }
  }
  if (handled !== undefined) await acknowledge(context, handled)
}

async function acknowledge(context: WorkContext, { index: upTo }: MessageView): Promise<void> {
  const { client, swarm, problem, fail } = context
  try {
    await persist(context, { during: 'inbox' }, (options) => client.inbox.acknowledge({ swarm, upTo }, options))
  } catch (error) {
    if (isFatal(error)) fail(error)
    problem('inbox', error)
  }
}
