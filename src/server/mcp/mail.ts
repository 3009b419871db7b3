import * as z from 'zod'
import { isFabricError } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'
import type { MessageView } from '../../operations/views.js'
import { briefMessage, details } from './brief.js'
import type { ToolContext } from './tool.js'

/**
 * Messages travel with the answers of other tools. They count as unread, and come again, until a later call
 * acknowledges them: so none is lost when an answer is.
 */
export const acknowledge = z.int().min(0).optional().describe('index of the last message you have dealt with')

export const mail = {
  messages: z.array(details),
  unread: z.int(),
  acknowledge: z.int().optional().describe('pass it to your next heartbeat or wait_for_work'),
}

export interface Mail {
  readonly messages: readonly MessageView[]
  readonly unread: number
}

export const NO_MAIL: Mail = { messages: [], unread: 0 }

export async function acknowledgeMail(context: ToolContext, upTo: number | undefined): Promise<void> {
  if (upTo === undefined) return
  await context.fabric.inbox.acknowledge({ swarm: context.swarm(), upTo }, { signal: context.signal })
}

/** The oldest unread messages; waits up to `waitMs` for the first. */
export async function readMail({ fabric, signal, swarm }: ToolContext, waitMs = 0): Promise<Mail> {
  return fabric.inbox.read({ swarm: swarm(), limit: LIMITS.mcpMessages, waitMs }, { signal })
}

/**
 * The mail that goes with an answer which must not be lost for it. What cannot be read now comes with the next answer.
 */
export async function readMailToo(context: ToolContext, unread = 0): Promise<Mail> {
  try {
    return await readMail(context)
  } catch (error) {
    if (!isFabricError(error)) throw error
    return { messages: [], unread }
  }
}

export function briefMail({ messages, unread }: Mail) {
  const last = messages.at(-1)?.index
  return { messages: messages.map(briefMessage), unread, ...(last !== undefined && { acknowledge: last }) }
}

/** The tasks that messages tell the reader to stop working on, unless a later one tells it to go on. */
export function stopsIn(messages: readonly MessageView[]): { task: string; reason: string }[] {
  const stops = new Map<string, string>()
  for (const { kind, task, text } of messages) {
    if (task === undefined) continue
    if (kind === 'claim_stopped' || kind === 'claim_lost') stops.set(task, text)
    if (kind === 'claim_resumed') stops.delete(task)
  }
  return [...stops].map(([task, reason]) => ({ task, reason }))
}
