import type { FabricClient } from '../client/client.js'
import { formatDollars } from '../model/money.js'
import type { UsageView } from '../operations/governor-views.js'
import type { Answer } from './answer.js'
import { type HolderOptions, holderCommand } from './claim.js'
import type { CliCommand } from './command.js'
import { addUsageOptions, requireUsage, STOP_EXIT, spentLines, stopLines, type UsageOptions } from './usage-options.js'

/** Reporting what a claim or a helper spent, also after it has ended: the money is gone all the same. */
export function addUsageCommand(program: CliCommand): void {
  const command = holderCommand(
    program,
    'usage',
    'report what was spent on a task, also after the claim ended; exits with 5 when the holder must stop',
  )
  addUsageOptions(command)
    .example('ifab usage P0.1.2 --epoch 42 --cost 0.42')
    .example('ifab usage P0.1.2 --epoch 42 --model claude-sonnet-4-5 --input-tokens 12000 --output-tokens 900')
    .asks(report)
}

async function report(fabric: FabricClient, task: string, options: HolderOptions & UsageOptions): Promise<Answer> {
  const { epoch, as } = options
  const usage = requireUsage(options)
  const reply = await fabric.task.usage({ task, epoch, as, usage })
  // Whoever reports after its claim has ended need not be told to stop.
  const stop = reply.late ? undefined : reply.stop
  const lines = [bookedLine(reply, usage.id), ...stopLines(stop), ...spentLines(reply)]
  return { value: reply, lines, ...(stop !== undefined && { exit: STOP_EXIT }) }
}

function bookedLine({ task, swarm, amount, repeated, late }: UsageView, report: string): string {
  if (repeated) return `The report ${report} was booked before; nothing is booked twice.`
  const when = late ? ', after the claim had ended' : ''
  return `Booked ${formatDollars(amount.nanos)} on ${task} for ${swarm}${when}, as report ${report}.`
}
