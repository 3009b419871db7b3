import * as z from 'zod'
import { isFabricError } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'
import { SECOND_MS } from '../../model/time.js'
import { briefOffer, details, offered } from './brief.js'
import { acknowledge, acknowledgeMail, briefMail, type Mail, mail, readMail, readMailToo, stopsIn } from './mail.js'
import { type ToolContext, tool } from './tool.js'

const DEFAULT_SECONDS = 50
const LONGEST_SECONDS = LIMITS.waitMs / SECOND_MS
/** Clients give up a call that is silent for long; they are promised a sign of life every 10 seconds. */
const PROGRESS_MS = 8 * SECOND_MS

export const waitForWork = tool({
  name: 'wait_for_work',
  description:
    'Wait until there is work for you (claimed, unless claim is false) or a message. ' +
    'Kind none and no messages: call it again.',
  input: z.strictObject({
    waitSeconds: z.int().min(0).max(LONGEST_SECONDS).default(DEFAULT_SECONDS),
    claim: z.boolean().default(true),
    acknowledge,
  }),
  output: z.object({
    ...offered,
    stops: z.array(z.object({ task: z.string(), reason: z.string() })).describe('stop working on these'),
    ...mail,
    refused: details.optional().describe('why you are offered no work'),
  }),
  effect: 'add',
  waits: true,
  run: async (context, { waitSeconds, claim, acknowledge }) => {
    await acknowledgeMail(context, acknowledge)
    const stopProgress = reportProgress(context, waitSeconds)
    try {
      const { work, found } = await workOrMail(context, claim, waitSeconds * SECOND_MS)
      return { ...work, stops: stopsIn(found.messages), ...briefMail(found) }
    } finally {
      stopProgress()
    }
  },
})

interface Found {
  readonly work: ReturnType<typeof briefOffer> & { readonly refused?: Record<string, unknown> }
  readonly found: Mail
}

/**
 * One long poll answers both. A swarm that is given no work, because its breaker is open, still hears of its messages.
 */
async function workOrMail(context: ToolContext, claim: boolean, waitMs: number): Promise<Found> {
  const { fabric, signal } = context
  const caller = context.swarm()
  try {
    const offer = await fabric.task.next({ claim, waitMs, untilMail: true }, { signal })
    const found = offer.kind === 'none' ? await readMail(context) : await readMailToo(context)
    return { work: briefOffer(offer, caller), found }
  } catch (error) {
    if (!isFabricError(error, 'BREAKER_OPEN')) throw error
    const found = await readMail(context, waitMs)
    return { work: { kind: 'none', refused: { code: error.code, message: error.message } }, found }
  }
}

/** Counts the seconds to a client that asked for it, until the function that this returns is called. */
function reportProgress({ progress }: ToolContext, total: number): () => void {
  if (progress === undefined) return () => {}
  let seconds = 0
  const timer = setInterval(() => {
    seconds += PROGRESS_MS / SECOND_MS
    // A client that cannot be told has gone, which ends the call by its signal.
    progress(seconds, total).catch(() => undefined)
  }, PROGRESS_MS)
  return () => clearInterval(timer)
}
