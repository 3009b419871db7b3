import { answer } from './answer.js'
import type { CliCommand } from './command.js'
import { type AskingOptions, addAskingOptions } from './escalation.js'
import { id, pair } from './option-values.js'
import { requireSpeaker } from './speaker.js'
import { formatTime } from './text.js'

/** Asking people for leave, and using it. */
export function addApprovalCommands(program: CliCommand): void {
  const approval = program.command('approval').description('ask people to approve an action, and use the approval')
  addRequest(approval)
  addTake(approval)
}

interface RequestOptions extends AskingOptions {
  readonly argument?: Record<string, string>
  readonly reason: string
}

function addRequest(approval: CliCommand): void {
  const command = approval
    .command('request')
    .description('ask people to approve exactly one action with exactly these arguments, once')
    .argument('<action>', 'what is to be done')
    .option('--argument <key=value>', 'an argument of the action; repeat for more', pair)
    .requiredOption('--reason <text>', 'why')
  addAskingOptions(command)
    .example('ifab approval request deploy --argument service=sip-edge --reason "release 1.4" --as alice')
    .asks(async (fabric, action: string, options: RequestOptions) => {
      const { severity, task, ttl: ttlMs, argument, reason } = options
      const as = await requireSpeaker(fabric, options.as)
      const row = await fabric.approval.request({ action, as, severity, task, ttlMs, arguments: argument, reason })
      return answer(row, [
        `${row.id} waits for approval until ${formatTime(row.expiresAt)}.`,
        `Next: ifab approval take ${row.id} with the same action and arguments, when it is approved`,
      ])
    })
}

function addTake(approval: CliCommand): void {
  approval
    .command('take')
    .description('use an approval: once, by whoever asked, for exactly the action and arguments that were approved')
    .argument('<escalation>', 'id of the escalation', id)
    .argument('<action>', 'what is to be done')
    .option('--argument <key=value>', 'an argument of the action; repeat for more', pair)
    .option('--as <swarm>', 'swarm that you speak for (default: that of your token)', id)
    .example('ifab approval take escalation-91 deploy --argument service=sip-edge --as alice')
    .asks(async (fabric, escalation: string, action: string, options: Pick<RequestOptions, 'argument' | 'as'>) => {
      const as = await requireSpeaker(fabric, options.as)
      const row = await fabric.approval.take({ escalation, action, arguments: options.argument, as })
      return answer(row, `${as} may do it now, once: ${action}`)
    })
}
