import type { FabricClient } from '../client/client.js'
import { FabricError } from '../model/errors.js'
import { ESCALATION_KINDS, ESCALATION_SEVERITIES, ESCALATION_STATES } from '../model/escalation.js'
import { type Answer, answer } from './answer.js'
import type { CliCommand } from './command.js'
import { detailLines, escalationLines } from './escalation-text.js'
import { choice, id, pair, patience, repeatedId } from './option-values.js'
import { addPageOptions, type PageOptions, pageLines } from './page.js'
import { requireSpeaker } from './speaker.js'
import { formatTime } from './text.js'

/** Questions for people. */
export function addEscalationCommands(program: CliCommand): void {
  const escalation = program.command('escalation').description('ask people, and answer what swarms ask')
  addList(escalation)
  escalation
    .command('show')
    .description('show a question with its context and answer')
    .argument('<escalation>', 'id of the escalation', id)
    .example('ifab escalation show escalation-91')
    .asks(async (fabric, id: string) => {
      const row = await fabric.escalation.show({ escalation: id })
      return answer(row, detailLines(row))
    })
  addAsk(escalation)
  addAnswer(escalation)
}

const STATES = [...ESCALATION_STATES, 'any'] as const

interface ListOptions extends PageOptions {
  readonly state?: (typeof STATES)[number]
  readonly kind?: (typeof ESCALATION_KINDS)[number]
}

function addList(escalation: CliCommand): void {
  const command = escalation
    .command('list')
    .description('list questions for people, oldest first')
    .option('--state <state>', `${STATES.join(', ')} (default: open)`, choice(STATES))
    .option('--kind <kind>', ESCALATION_KINDS.join(', '), choice(ESCALATION_KINDS))
    .example('ifab escalation list')
  addPageOptions(command).asks(async (fabric: FabricClient, { state, kind, limit, cursor }: ListOptions) => {
    const page = await fabric.escalation.list({ state, kind, limit, cursor })
    const none = state === undefined || state === 'open' ? 'Nothing waits for an answer.' : 'No such escalations.'
    return answer(page, pageLines(page, escalationLines, none))
  })
}

type Severity = (typeof ESCALATION_SEVERITIES)[number]

/** How any question is asked. */
export interface AskingOptions {
  readonly as?: string
  readonly severity?: Severity
  readonly task?: string
  readonly ttl?: number
}

export function addAskingOptions(command: CliCommand): CliCommand {
  const severities = `${ESCALATION_SEVERITIES.join(', ')} (default: warning)`
  return command
    .option('--as <swarm>', 'swarm that you speak for (default: that of your token)', id)
    .option('--severity <level>', severities, choice(ESCALATION_SEVERITIES))
    .option('--task <task>', 'the task it is about', id)
    .option('--ttl <time>', 'how long it waits for an answer (default: as the policy says)', patience)
}

interface AskOptions extends AskingOptions {
  readonly option?: string[]
  readonly context?: Record<string, string>
}

function addAsk(escalation: CliCommand): void {
  const command = escalation
    .command('ask')
    .description('ask people a question; the answer comes to the inbox of whoever asked')
    .argument('<question>', 'the question')
  addAskingOptions(command)
    .option('--option <name>', 'an answer to choose from; repeat for more', repeatedId)
    .option('--context <key=value>', 'what one should know to answer; repeat for more', pair)
    .example('ifab escalation ask "Which SIP dialect?" --as alice --option rfc3261 --option lync --ttl 2h')
    .asks(async (fabric, question: string, options: AskOptions) => {
      const { severity, task, ttl: ttlMs, option, context } = options
      const as = await requireSpeaker(fabric, options.as)
      const row = await fabric.escalation.ask({ question, as, severity, task, ttlMs, options: option, context })
      return answer(row, [
        `${row.id} waits for an answer until ${formatTime(row.expiresAt)}.`,
        `Next: ifab inbox --as ${as} --wait 240s`,
      ])
    })
}

interface AnswerOptions {
  readonly option?: string
  readonly text?: string
  readonly as?: string
}

function addAnswer(escalation: CliCommand): void {
  escalation
    .command('answer')
    .description('answer a question, as a person; nobody gives their own approval')
    .argument('<escalation>', 'id of the escalation', id)
    .option('--option <name>', 'one of its answers', id)
    .option('--text <text>', 'the answer in words')
    .option('--as <swarm>', 'swarm that you speak for', id)
    .example('ifab escalation answer escalation-91 --option rfc3261')
    .asks(answerQuestion)
}

async function answerQuestion(fabric: FabricClient, id: string, options: AnswerOptions): Promise<Answer> {
  const { option, text, as } = options
  if (option === undefined && text === undefined) {
    const message = `Say the answer: --option with one that \`ifab escalation show ${id}\` names, or --text.`
    throw new FabricError('INVALID_ARGUMENT', message, { field: 'option' })
  }
  const row = await fabric.escalation.answer({ escalation: id, option, answer: text, as })
  return answer(row, `${row.id} is answered; ${row.asker} hears of it.`)
}
