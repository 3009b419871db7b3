import * as z from 'zod'
import { BLOCKER_KINDS } from '../../model/blocker.js'
import { isFabricError } from '../../model/errors.js'
import { ESCALATION_SEVERITIES } from '../../model/escalation.js'
import { briefOffer, details } from './brief.js'
import { type ToolContext, tool } from './tool.js'

/** The tools for when a holder cannot go on alone. What comes of them arrives as a message. */

const holder = { task: z.string(), epoch: z.int() }
const needs = z.string().describe('what would let you go on')
const requires = z.array(z.string()).optional().describe('capabilities a helper needs')

export const reportBlocker = tool({
  name: 'report_blocker',
  description:
    'Say what stops you; the task stays yours. Answers other work for the meantime (claim_task takes it) or null. ' +
    'A message tells when you can go on.',
  input: z.strictObject({
    ...holder,
    kind: z.enum(BLOCKER_KINDS),
    needs,
    requires,
    waitsFor: z.string().optional().describe('for kind task: its id'),
  }),
  output: z.object({ blocker: z.string(), filler: details.nullable(), refused: details.optional() }),
  effect: 'add',
  run: async (context, input) => {
    const blocker = await context.fabric.task.block(input, { signal: context.signal })
    return { blocker: blocker.id, ...(await fillerWork(context)) }
  },
})

/** The blocker stands, so an error here must not look as if it did not. */
async function fillerWork({ fabric, signal, swarm }: ToolContext) {
  try {
    const offer = briefOffer(await fabric.task.next({ claim: false }, { signal }), swarm())
    return { filler: offer.kind === 'none' ? null : offer }
  } catch (error) {
    if (!isFabricError(error)) throw error
    return { filler: null, refused: { code: error.code, message: error.message } }
  }
}

export const askForHelp = tool({
  name: 'ask_for_help',
  description: 'Ask other swarms to help with your task. You are told in a message who does.',
  input: z.strictObject({ ...holder, needs, requires }),
  output: z.object({ blocker: z.string(), asked: z.array(z.string()), escalation: z.string().optional() }),
  effect: 'add',
  run: async ({ fabric, signal }, input) => {
    const { id, helpers, escalation } = await fabric.task.block({ ...input, kind: 'help' }, { signal })
    const asked = helpers.map(({ swarm }) => swarm)
    return { blocker: id, asked, ...(escalation !== undefined && { escalation }) }
  },
})

export const escalateToHuman = tool({
  name: 'escalate_to_human',
  description:
    'Ask people a question. The answer comes as a message; go on meanwhile, or report_blocker of kind human.',
  input: z.strictObject({
    question: z.string(),
    options: z.array(z.string()).optional().describe('ids to choose from'),
    severity: z.enum(ESCALATION_SEVERITIES).optional(),
    task: z.string().optional(),
  }),
  output: z.object({ escalation: z.string(), state: z.string() }),
  effect: 'add',
  run: async ({ fabric, signal }, input) => {
    const { id, state } = await fabric.escalation.ask(input, { signal })
    return { escalation: id, state }
  },
})
