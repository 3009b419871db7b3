import type { FabricClient } from '../client/client.js'
import { BLOCKER_KINDS, type BlockerKind } from '../model/blocker.js'
import { answer } from './answer.js'
import { blockerLines } from './blocker-text.js'
import { type HolderOptions, holderCommand } from './claim.js'
import type { CliCommand } from './command.js'
import { choice, id, list, wholeNumber } from './option-values.js'
import { addPageOptions, type PageOptions, pageLines } from './page.js'
import { requireSpeaker } from './speaker.js'

/** Raising a blocker, getting help with it, and resolving it. */
export function addBlockerCommands(program: CliCommand): void {
  addBlock(program)
  addResolve(program)
  const blocker = program.command('blocker').description('list blockers; assign, accept and decline help')
  addList(blocker)
  addAssign(blocker)
  addAnswers(blocker)
}

interface BlockOptions extends HolderOptions {
  readonly kind?: BlockerKind
  readonly needs: string
  readonly requires?: string[]
  readonly waitsFor?: string
}

function addBlock(program: CliCommand): void {
  holderCommand(program, 'block', 'raise a blocker on a claimed task; the orchestrator hears of it at once')
    .requiredOption('--needs <text>', 'what would unblock it')
    .option(
      '--kind <kind>',
      `${BLOCKER_KINDS.join(', ')} (default: help, or task with --waits-for)`,
      choice(BLOCKER_KINDS),
    )
    .option('--requires <capabilities>', 'what a helper must be able to do, as code:rust,net:sip', list)
    .option('--waits-for <task>', 'the task whose completion resolves it', id)
    .example('ifab block P0.1.2 --epoch 42 --needs "somebody who knows etcd leases" --requires store:etcd')
    .asks(async (fabric, task: string, options: BlockOptions) => {
      const { epoch, as, needs, requires, waitsFor } = options
      const kind = options.kind ?? (waitsFor === undefined ? 'help' : 'task')
      const row = await fabric.task.block({ task, epoch, as, kind, needs, requires, waitsFor })
      return answer(row, [
        `${row.id} is raised; ${task} is stuck until it is resolved.`,
        `Next: ifab next --as ${row.swarm} offers other work meanwhile`,
      ])
    })
}

function addResolve(program: CliCommand): void {
  program
    .command('resolve')
    .description('resolve a blocker: a helper or the holder under its epoch, an operator without one')
    .argument('<blocker>', 'id of the blocker', id)
    .option('--epoch <number>', "the helper's epoch, or that of the claim", wholeNumber)
    .option('--as <swarm>', 'swarm that you speak for', id)
    .option('--resolution <text>', 'how')
    .example('ifab resolve blocker-57 --epoch 61 --resolution "the keep-alive was missing"')
    .asks(async (fabric, id: string, options: { epoch?: number; as?: string; resolution?: string }) => {
      const { epoch, as, resolution } = options
      const row = await fabric.blocker.resolve({ blocker: id, epoch, as, resolution })
      return answer(row, `${row.id} is resolved; ${row.swarm} hears of it.`)
    })
}

function addList(blocker: CliCommand): void {
  const command = blocker
    .command('list')
    .description('list open blockers, oldest first')
    .option('--all', 'resolved ones too')
    .example('ifab blocker list')
  addPageOptions(command).asks(
    async (fabric: FabricClient, { all, limit, cursor }: PageOptions & { all?: boolean }) => {
      const page = await fabric.blocker.list({ open: all !== true, limit, cursor })
      return answer(page, pageLines(page, blockerLines, 'No blockers.'))
    },
  )
}

function addAssign(blocker: CliCommand): void {
  blocker
    .command('assign')
    .description('ask swarms to help with a blocker')
    .argument('<blocker>', 'id of the blocker', id)
    .requiredOption('--to <swarms>', 'whom to ask, as A,B', list)
    .example('ifab blocker assign blocker-57 --to bob')
    .asks(async (fabric, id: string, { to }: { to: string[] }) => {
      const row = await fabric.blocker.assign({ blocker: id, swarms: to })
      return answer(row, `Asked ${to.join(', ')} to help with ${row.id}.`)
    })
}

function addAnswers(blocker: CliCommand): void {
  blocker
    .command('accept')
    .description('accept a request for help and print the epoch to help under')
    .argument('<blocker>', 'id of the blocker', id)
    .option('--as <swarm>', 'swarm that you speak for (default: that of your token)', id)
    .example('ifab blocker accept blocker-57 --as bob')
    .asks(async (fabric, id: string, { as: named }: { as?: string }) => {
      const as = await requireSpeaker(fabric, named)
      const row = await fabric.blocker.answer({ blocker: id, as, accept: true })
      const epoch = row.helpers.find(({ swarm }) => swarm === as)?.epoch
      return answer(row, [
        `${as} helps with ${row.id}, epoch ${epoch}.`,
        `Next: ifab resolve ${row.id} --epoch ${epoch} when it is solved`,
      ])
    })
  blocker
    .command('decline')
    .description('decline a request for help')
    .argument('<blocker>', 'id of the blocker', id)
    .option('--as <swarm>', 'swarm that you speak for (default: that of your token)', id)
    .option('--reason <text>', 'why')
    .example('ifab blocker decline blocker-57 --as bob --reason "busy until tomorrow"')
    .asks(async (fabric, id: string, { as: named, reason }: { as?: string; reason?: string }) => {
      const as = await requireSpeaker(fabric, named)
      const row = await fabric.blocker.answer({ blocker: id, as, accept: false, reason })
      return answer(row, `${as} does not help with ${row.id}.`)
    })
}
