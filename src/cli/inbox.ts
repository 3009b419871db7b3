import { ORCHESTRATOR } from '../model/swarm.js'
import type { InboxView } from '../operations/views.js'
import { type Answer, answer } from './answer.js'
import type { Call, CliCommand } from './command.js'
import { id, wait, wholeNumber } from './option-values.js'
import { askPatiently } from './patience.js'
import { speakerOf } from './speaker.js'
import { formatTime } from './text.js'

interface InboxOptions {
  readonly as?: string
  readonly ack?: number
  readonly wait?: number
  readonly limit?: number
  readonly cursor?: number
}

export function addInboxCommand(program: CliCommand): void {
  program
    .command('inbox')
    .description('read the messages of a swarm that it has not acknowledged')
    .option('--as <swarm>', 'swarm that you speak for (default: that of your token, else orchestrator)', id)
    .option('--ack <number>', 'first acknowledge the messages up to this one; they are not shown again', wholeNumber)
    .option('--wait <time>', 'wait this long for the first message, at most 240s', wait)
    .option('--limit <number>', 'messages at once (default: 100)', wholeNumber)
    .option('--cursor <number>', 'only messages after this one', wholeNumber)
    .example('ifab inbox --as alice --ack 118 --wait 50s')
    .does(readInbox)
}

async function readInbox(call: Call, { as, ack, wait, limit, cursor }: InboxOptions): Promise<Answer> {
  const inbox = await askPatiently(call, wait, async (fabric, waitMs) => {
    const swarm = (await speakerOf(fabric, as)) ?? ORCHESTRATOR
    if (ack !== undefined) await fabric.inbox.acknowledge({ swarm, upTo: ack })
    return fabric.inbox.read({ swarm, after: cursor, limit, waitMs })
  })
  return answer(inbox, inboxLines(inbox))
}

function inboxLines({ swarm, messages, unread, dropped }: InboxView): string[] {
  const lost = dropped === 0 ? [] : [`${dropped} older messages were dropped because the inbox was full.`]
  const last = messages.at(-1)
  if (last === undefined)
    return [...lost, unread === 0 ? 'No unread messages.' : `No messages there; ${unread} unread.`]
  const as = swarm === ORCHESTRATOR ? '' : ` --as ${swarm}`
  return [
    ...lost,
    ...messages.flatMap(messageLines),
    `Next: ifab inbox${as} --ack ${last.index} when you have dealt with them`,
  ]
}

/** The text in full below its heading, however long it is. */
function messageLines({ index, at, kind, from, task, text }: InboxView['messages'][number]): string[] {
  const about = task === undefined ? '' : ` about ${task}`
  return [
    `${index}  ${formatTime(at)}  ${kind} from ${from}${about}`,
    ...text.split('\n').map((line) => `    ${line}`),
    '',
  ]
}
