import type { FabricClient } from '../client/client.js'
import type { OfferView } from '../operations/views.js'
import { type Answer, answer } from './answer.js'
import type { Call, CliCommand } from './command.js'
import { addDoneCommand } from './done.js'
import { id, lease, percent, wait, wholeNumber } from './option-values.js'
import { addPageOptions, type PageOptions, pageLines } from './page.js'
import { askPatiently } from './patience.js'
import { taskLines } from './task-text.js'
import { counted, formatTime } from './text.js'
import { addUsageOptions, readUsage, STOP_EXIT, spentLines, stopLines, type UsageOptions } from './usage-options.js'

/** Finding work, claiming it, and the later words of a holder, each under the epoch of its claim. */
export function addClaimCommands(program: CliCommand): void {
  addReady(program)
  addNext(program)
  addClaim(program)
  addBeat(program)
  addMilestone(program)
  addDoneCommand(program)
  addFail(program)
  addRelease(program)
}

/** What a holder says with each word. The epoch alone names the claim; `--as` is checked when it is given. */
export interface HolderOptions {
  readonly epoch: number
  readonly as?: string
}

export function holderCommand(program: CliCommand, name: string, description: string): CliCommand {
  return program
    .command(name)
    .description(description)
    .argument('<task>', 'id of the task', id)
    .requiredOption('--epoch <number>', 'epoch that the claim printed', wholeNumber)
    .option('--as <swarm>', 'swarm that you speak for', id)
}

function addReady(program: CliCommand): void {
  const command = program
    .command('ready')
    .description('list claimable tasks in the order they are offered')
    .option('--as <swarm>', 'only what this swarm qualifies for', id)
    .example('ifab ready --as alice')
  addPageOptions(command).asks(async (fabric, { as, limit, cursor }: PageOptions & { as?: string }) => {
    const page = await fabric.task.ready({ swarm: as, limit, cursor })
    return answer(page, pageLines(page, taskLines, 'Nothing is claimable now. See `ifab status`.'))
  })
}

function addNext(program: CliCommand): void {
  program
    .command('next')
    .description('offer a swarm its best next work: its own freed task, help, primary work, filler work')
    .option('--as <swarm>', 'swarm that you speak for (default: that of your token)', id)
    .option('--claim', 'claim what is offered')
    .option('--lease <time>', 'lease of the claim without heartbeats (default: 30m)', lease)
    .option('--wait <time>', 'wait this long for work, at most 240s', wait)
    .example('ifab next --as alice --claim --wait 50s')
    .does(next)
}

interface NextOptions {
  readonly as?: string
  readonly claim?: boolean
  readonly lease?: number
  readonly wait?: number
}

async function next(call: Call, { as, claim, lease, wait }: NextOptions): Promise<Answer> {
  const offer = await askPatiently(call, wait, (fabric, waitMs) =>
    fabric.task.next({ as, claim, leaseMs: lease, waitMs }),
  )
  return answer(offer, offerLines(offer, as))
}

function offerLines({ kind, task, claim, blocker }: OfferView, speaker: string | undefined): string[] {
  const as = speaker === undefined ? '' : ` --as ${speaker}`
  if (kind === 'help' && blocker !== undefined) {
    return [
      `Help with ${blocker.id} on ${blocker.task}: ${blocker.needs}`,
      `Next: ifab blocker accept ${blocker.id}${as}`,
    ]
  }
  if (task === undefined) return ['Nothing to do now. Wait for work with --wait 50s.']
  const lead = kind === 'resume' ? 'Go on with' : kind === 'filler' ? 'Filler work' : 'Work'
  const what = `${lead}: ${task.id} ${task.title}`
  if (claim === undefined) return [what, `Next: ifab claim ${task.id}${as}`]
  return [what, ...grantLines(claim)]
}

function addClaim(program: CliCommand): void {
  program
    .command('claim')
    .description('claim a task and print the epoch of the claim')
    .argument('<task>', 'id of the task', id)
    .option('--as <swarm>', 'swarm that you speak for (default: that of your token)', id)
    .option('--lease <time>', 'lease without heartbeats (default: 30m)', lease)
    .example('ifab claim P0.1.2 --as alice')
    .asks(async (fabric, task: string, { as, lease }: { as?: string; lease?: number }) => {
      const grant = await fabric.task.claim({ task, as, leaseMs: lease })
      return answer(grant, grantLines(grant))
    })
}

function grantLines(grant: NonNullable<OfferView['claim']>): string[] {
  const { task, swarm, epoch, leaseEndsAt, reclaimed } = grant
  return [
    `${swarm} ${reclaimed ? 'still holds' : 'holds'} ${task}, epoch ${epoch}, until ${formatTime(leaseEndsAt)}.`,
    `Next: ifab beat ${task} --epoch ${epoch}, and ifab done ${task} --epoch ${epoch} when it is finished`,
  ]
}

function addBeat(program: CliCommand): void {
  const description = 'renew the lease of a claim and report what was spent; exits with 5 when the holder must stop'
  addUsageOptions(holderCommand(program, 'beat', description))
    .example('ifab beat P0.1.2 --epoch 42')
    .example('ifab beat P0.1.2 --epoch 42 --cost 0.42')
    .asks(beat)
}

async function beat(fabric: FabricClient, task: string, options: HolderOptions & UsageOptions): Promise<Answer> {
  const { epoch, as } = options
  const reply = await fabric.task.heartbeat({ task, epoch, as, usage: readUsage(options) })
  const mail = `${counted(reply.unread, 'unread message')}: see \`ifab inbox --as ${reply.swarm}\`.`
  const more = reply.unread === 0 ? [] : [mail]
  const refused = reply.usage === undefined ? [] : [`${reply.usage.refused.code}: ${reply.usage.refused.message}`]
  const spent = [...refused, ...(reply.budget === undefined ? [] : spentLines(reply.budget))]
  // A claim that is to stop is not renewed, or is gone: that it is held until some time would be the wrong news.
  if (reply.stop !== undefined) {
    return { value: reply, lines: [...stopLines(reply.stop), ...spent, ...more], exit: STOP_EXIT }
  }
  const held = `${task} is yours until ${formatTime(reply.leaseEndsAt)}.`
  return answer(reply, [[held, ...more].join(' '), ...spent])
}

interface MilestoneOptions extends HolderOptions {
  readonly note?: string
  readonly passed?: number
  readonly failed?: number
  readonly nextAction?: string
}

function addMilestone(program: CliCommand): void {
  holderCommand(program, 'milestone', 'report 25, 50, 75 or 100 percent; renews the lease too')
    .argument('<percent>', '25, 50, 75 or 100', percent)
    .option('--note <text>', 'what is done')
    .option('--passed <number>', 'tests that pass', wholeNumber)
    .option('--failed <number>', 'tests that fail', wholeNumber)
    .option('--next-action <text>', 'what comes next')
    .example('ifab milestone P0.1.2 50 --epoch 42 --note "claims are atomic" --passed 8 --failed 0')
    .asks(async (fabric, task: string, reached: 25 | 50 | 75 | 100, options: MilestoneOptions) => {
      const { epoch, as, note, passed, failed, nextAction } = options
      const report = { percent: reached, note, testsPassed: passed, testsFailed: failed, nextAction }
      const row = await fabric.task.milestone({ task, epoch, as, ...report })
      return answer(row, `${row.id} is at ${reached}%.`)
    })
}

interface FailOptions extends HolderOptions {
  readonly reason: string
  readonly retry: boolean
}

function addFail(program: CliCommand): void {
  holderCommand(program, 'fail', 'report that the attempt failed; the task is tried again after a pause')
    .requiredOption('--reason <text>', 'why')
    .option('--no-retry', 'trying again is pointless: the task fails for good')
    .example('ifab fail P0.1.2 --epoch 42 --reason "the build does not link"')
    .asks(async (fabric, task: string, { epoch, as, reason, retry }: FailOptions) => {
      const row = await fabric.task.fail({ task, epoch, as, reason, retry })
      const then = row.notBefore === undefined ? '' : `, offered again from ${formatTime(row.notBefore)}`
      return answer(row, `${row.id} is ${row.state} after ${counted(row.failures, 'failed attempt')}${then}.`)
    })
}

function addRelease(program: CliCommand): void {
  program
    .command('release')
    .description('give a task back; without an epoch, take it from its holder')
    .argument('<task>', 'id of the task', id)
    .option('--epoch <number>', 'epoch that the claim printed', wholeNumber)
    .option('--as <swarm>', 'swarm that you speak for', id)
    .option('--note <text>', 'what the next holder should know')
    .example('ifab release P0.1.2 --epoch 42 --note "out of context"')
    .asks(async (fabric, task: string, options: { epoch?: number; as?: string; note?: string }) => {
      const { epoch, as, note } = options
      const row = await fabric.task.release({ task, epoch, as, note })
      return answer(row, `${row.id} is ${row.state}.`)
    })
}
