import type { FabricClient } from '../client/client.js'
import type { SwarmDetailView } from '../operations/views.js'
import { answer } from './answer.js'
import { alignColumns, alignFields } from './columns.js'
import type { CliCommand } from './command.js'
import { id, list, pair, wholeNumber } from './option-values.js'
import { addPageOptions, type PageOptions, pageLines } from './page.js'
import { formatTime } from './text.js'

export function addSwarmCommands(program: CliCommand): void {
  const swarm = program.command('swarm').description('register, list, show and retire swarms; send them messages')
  addRegister(swarm)
  const command = swarm.command('list').description('list swarms with what each is doing').example('ifab swarm list')
  addPageOptions(command).asks(async (fabric: FabricClient, { limit, cursor }: PageOptions) => {
    const page = await fabric.swarm.list({ limit, cursor })
    return answer(page, pageLines(page, swarmLines, 'No swarms. Register one: ifab swarm register NAME'))
  })
  swarm
    .command('show')
    .description('show a swarm with its claims, the help it gives and its unread messages')
    .argument('<swarm>', 'id of the swarm', id)
    .example('ifab swarm show alice')
    .asks(async (fabric, id: string) => {
      const detail = await fabric.swarm.show({ swarm: id })
      return answer(detail, detailLines(detail))
    })
  addRetire(swarm)
  addSend(swarm)
}

interface RegisterOptions {
  readonly capabilities?: string[]
  readonly tier?: string
  readonly capacity?: number
  readonly metadata?: Record<string, string>
}

function addRegister(swarm: CliCommand): void {
  swarm
    .command('register')
    .description('register a swarm, or change what it says it can do')
    .argument('<swarm>', 'id of the swarm', id)
    .option('--capabilities <names>', 'what it can do, as code:rust,net:sip', list)
    .option('--tier <tier>', 'its model tier: haiku, sonnet, opus or your own')
    .option('--capacity <number>', 'tasks that it works on at the same time (default: 1)', wholeNumber)
    .option('--metadata <key=value>', 'anything worth knowing; repeat for more', pair)
    .example('ifab swarm register alice --capabilities code:typescript,net:sip --tier sonnet')
    .asks(async (fabric, id: string, { capabilities, tier, capacity, metadata }: RegisterOptions) => {
      const row = await fabric.swarm.register({ swarm: id, capabilities, tier, capacity, metadata })
      return answer(row, [
        `Registered ${row.id} (${row.capabilities.join(', ') || 'no capabilities'}).`,
        `Next: ifab next --as ${row.id} --claim`,
      ])
    })
}

function addRetire(swarm: CliCommand): void {
  swarm
    .command('retire')
    .description('retire a swarm; its claims are released')
    .argument('<swarm>', 'id of the swarm', id)
    .option('--reason <text>', 'why')
    .example('ifab swarm retire alice --reason "session ended"')
    .asks(async (fabric, id: string, { reason }: { reason?: string }) => {
      const reply = await fabric.swarm.retire({ swarm: id, reason })
      const released = reply.released.length === 0 ? '' : ` Released: ${reply.released.join(', ')}`
      return answer(reply, `${id} is retired.${released}`)
    })
}

function addSend(swarm: CliCommand): void {
  swarm
    .command('send')
    .description('send a message to the inbox of a swarm or of the orchestrator')
    .argument('<to>', 'id of the swarm, or orchestrator', id)
    .argument('<text>', 'the message')
    .option('--as <swarm>', 'swarm that you speak for', id)
    .option('--task <task>', 'the task it is about', id)
    .example('ifab swarm send bob "Please review the SDP parser." --as alice --task P0.1.2')
    .asks(async (fabric, to: string, text: string, { as, task }: { as?: string; task?: string }) => {
      const message = await fabric.swarm.send({ to, text, as, task })
      return answer(message, `Message ${message.index} is in the inbox of ${to}.`)
    })
}

function swarmLines(swarms: readonly SwarmDetailView[]): string[] {
  const rows = swarms.map(({ swarm, claims, helping, unread }) => [
    swarm.id,
    swarm.state,
    swarm.tier ?? '',
    [...claims.map(claimText), ...helping.map(({ blocker }) => blocker)].join(', '),
    String(unread),
    swarm.capabilities.join(', '),
  ])
  return alignColumns(['SWARM', 'STATE', 'TIER', 'WORKS ON', 'UNREAD', 'CAPABILITIES'], rows)
}

function detailLines({ swarm, claims, helping, unread }: SwarmDetailView): string[] {
  return alignFields([
    ['swarm', swarm.id],
    ['state', swarm.state],
    ['tier', swarm.tier],
    ['capabilities', swarm.capabilities.join(', ')],
    ['capacity', String(swarm.capacity)],
    ['works on', claims.map((claim) => `${claimText(claim)}, epoch ${claim.epoch}`).join('\n')],
    ['helps with', helping.map(helpText).join('\n')],
    ['unread', String(unread)],
    ...Object.entries(swarm.metadata),
    ['registered', formatTime(swarm.registeredAt)],
  ])
}

function claimText({ task, stuck }: { task: string; stuck: boolean }): string {
  return stuck ? `${task} (stuck)` : task
}

function helpText({ blocker, task, epoch }: SwarmDetailView['helping'][number]): string {
  return `${blocker} on ${task}, ${epoch === undefined ? 'not answered yet' : `epoch ${epoch}`}`
}
