import type { FabricClient } from '../client/client.js'
import { FabricError, isFabricError } from '../model/errors.js'
import { formatDollars } from '../model/money.js'
import type { BreakerView } from '../operations/governor-views.js'
import type { SwarmDetailView, SwarmView } from '../operations/views.js'
import { type Answer, answer } from './answer.js'
import { breakerText } from './breaker-text.js'
import { alignColumns, alignFields } from './columns.js'
import type { CliCommand } from './command.js'
import { dollars, fraction, id, list, pair, wholeNumber } from './option-values.js'
import { addPageOptions, type PageOptions, pageLines } from './page.js'
import { readManifestFile } from './policy-file.js'
import { counted, formatTime } from './text.js'
import { issuedLines } from './token.js'

export function addSwarmCommands(program: CliCommand): void {
  const swarm = program
    .command('swarm')
    .description('register, list, show and retire swarms; grant them capabilities; send them messages')
  addRegister(swarm)
  const command = swarm.command('list').description('list swarms with what each is doing').example('ifab swarm list')
  addPageOptions(command).asks(async (fabric: FabricClient, { limit, cursor }: PageOptions) => {
    // Both are in order of ids, so that the same page has every breaker of its swarms.
    const [page, breakers] = await Promise.all([
      fabric.swarm.list({ limit, cursor }),
      fabric.breaker.list({ open: true, limit, cursor }),
    ])
    const lines = (rows: readonly SwarmDetailView[]) => swarmLines(rows, breakers.items)
    return answer(page, pageLines(page, lines, 'No swarms. Register one: ifab swarm register NAME'))
  })
  swarm
    .command('show')
    .description('show a swarm with what it may do and spend, its claims, the help it gives and its unread messages')
    .argument('<swarm>', 'id of the swarm', id)
    .example('ifab swarm show alice')
    .asks(async (fabric, id: string) => {
      const [detail, breaker] = await Promise.all([
        fabric.swarm.show({ swarm: id }),
        fabric.breaker.show({ swarm: id }),
      ])
      return answer(detail, detailLines(detail, breaker))
    })
  addGrant(swarm)
  addRetire(swarm)
  addSend(swarm)
}

interface RegisterOptions {
  readonly capabilities?: string[]
  readonly tier?: string
  readonly capacity?: number
  readonly costPerHour?: number
  readonly reputation?: number
  readonly budget?: number
  readonly metadata?: Record<string, string>
  readonly from?: string
  readonly token: boolean
}

function addRegister(swarm: CliCommand): void {
  swarm
    .command('register')
    .description(
      'register a swarm, or say anew what it is. Left out, capabilities, tier, capacity and metadata are taken back; rate, reputation, budget and grants stay',
    )
    .argument('[swarm]', 'id of the swarm', id)
    .option('--capabilities <names>', 'what it can do, as code:rust,net:sip', list)
    .option('--tier <tier>', 'its model tier: haiku, sonnet, opus or your own')
    .option('--capacity <number>', 'tasks that it works on at the same time (default: 1)', wholeNumber)
    .option('--cost-per-hour <dollars>', 'what an hour of its work costs (default: as the policy assumes)', dollars)
    .option('--reputation <number>', 'how far it is trusted, 0 to 1 (default: 1)', fraction)
    .option('--budget <dollars>', 'what it may spend altogether', dollars)
    .option('--metadata <key=value>', 'anything worth knowing; repeat for more', pair)
    .option('--no-token', 'issue no token for it')
    .option('--from <file>', 'instead: a YAML manifest of one or many swarms, with what they are granted')
    .example('ifab swarm register alice --capabilities code:typescript,net:sip --tier sonnet')
    .example('ifab swarm register --from swarms.yaml')
    .asks(register)
}

async function register(fabric: FabricClient, id: string | undefined, options: RegisterOptions): Promise<Answer> {
  const { costPerHour: costPerHourNanos, budget: budgetNanos, from, token, ...profile } = options
  if (from !== undefined) {
    if (id === undefined) return registerAll(fabric, from)
    throw new FabricError('INVALID_ARGUMENT', 'Name a swarm or give --from, not both.', { field: 'from' })
  }
  if (id === undefined) {
    throw new FabricError('INVALID_ARGUMENT', 'Name the swarm, or give a manifest with --from.', { field: 'swarm' })
  }
  const { capabilities, tier, capacity, reputation, metadata } = profile
  const row = await fabric.swarm.register({
    swarm: id,
    ...{ capabilities, tier, capacity, metadata },
    ...{ costPerHourNanos, reputation, budgetNanos, token },
  })
  return answer(row, [
    `Registered ${row.id} (${row.capabilities.join(', ') || 'no capabilities'}).`,
    ...(row.issued === undefined ? [] : issuedLines(row.issued)),
    `Next: ifab next --as ${row.id} --claim`,
  ])
}

/** One after the other: each is registered for itself, and the same manifest again changes nothing. */
async function registerAll(fabric: FabricClient, path: string): Promise<Answer> {
  const manifests = await readManifestFile(path)
  const swarms: SwarmView[] = []
  for (const { granted, capabilities, ...profile } of manifests) {
    try {
      const row = await fabric.swarm.register({ ...profile, capabilities: [...capabilities] })
      const { swarm } = profile
      swarms.push(granted === undefined ? row : await fabric.swarm.grant({ swarm, capabilities: [...granted] }))
    } catch (error) {
      throw isFabricError(error) ? stoppedAt(profile.swarm, swarms.length, error) : error
    }
  }
  return answer({ swarms }, `Registered ${counted(swarms.length, 'swarm')}: ${swarms.map(({ id }) => id).join(', ')}.`)
}

function stoppedAt(swarm: string, done: number, cause: FabricError): FabricError {
  const message = `${swarm}: ${cause.message} ${counted(done, 'swarm')} before it went through; then run it again.`
  return new FabricError(cause.code, message, { ...cause.details, swarm }, { cause })
}

function addGrant(swarm: CliCommand): void {
  swarm
    .command('grant')
    .description('grant capabilities to a swarm; the list replaces the one before')
    .argument('<swarm>', 'id of the swarm', id)
    .argument('[capabilities]', 'what it may do, as deploy:staging,deploy:production', list)
    .option('--none', 'revoke everything that was granted')
    .example('ifab swarm grant alice deploy:production')
    .example('ifab swarm grant alice --none')
    .asks(async (fabric, id: string, capabilities: string[] | undefined, { none }: { none?: boolean }) => {
      if ((capabilities === undefined) !== (none === true)) {
        const message = 'Name the capabilities as A,B, or revoke all with --none.'
        throw new FabricError('INVALID_ARGUMENT', message, { field: 'capabilities' })
      }
      const row = await fabric.swarm.grant({ swarm: id, capabilities: capabilities ?? [] })
      return answer(row, `Granted to ${row.id}: ${row.granted?.join(', ') ?? 'nothing'}.`)
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

function swarmLines(swarms: readonly SwarmDetailView[], breakers: readonly BreakerView[]): string[] {
  const states = new Map(breakers.map((breaker) => [breaker.swarm, breakerText(breaker)]))
  const rows = swarms.map(({ swarm, claims, helping, unread }) => [
    swarm.id,
    swarm.state,
    swarm.tier ?? '',
    [...claims.map(claimText), ...helping.map(({ blocker }) => blocker)].join(', '),
    String(unread),
    swarm.capabilities.join(', '),
    swarm.granted?.join(', ') ?? '',
    states.get(swarm.id) ?? 'closed',
    dollarsText(swarm.costPerHourNanos, '/h') ?? '',
    dollarsText(swarm.budgetNanos) ?? '',
    reputationText(swarm) ?? '',
  ])
  return alignColumns(TITLES, rows)
}

const TITLES = [
  'SWARM',
  'STATE',
  'TIER',
  'WORKS ON',
  'UNREAD',
  'CAPABILITIES',
  'GRANTED',
  'BREAKER',
  'RATE',
  'BUDGET',
  'REPUTATION',
]

function detailLines({ swarm, claims, helping, unread }: SwarmDetailView, breaker: BreakerView): string[] {
  return alignFields([
    ['swarm', swarm.id],
    ['state', swarm.state],
    ['tier', swarm.tier],
    ['capabilities', swarm.capabilities.join(', ')],
    ['granted', swarm.granted?.join(', ')],
    ['capacity', String(swarm.capacity)],
    ['rate', dollarsText(swarm.costPerHourNanos, '/h')],
    ['reputation', reputationText(swarm)],
    ['budget', dollarsText(swarm.budgetNanos)],
    ['breaker', [breakerText(breaker), breaker.reason].filter((part) => part !== undefined).join(': ')],
    ['works on', claims.map((claim) => `${claimText(claim)}, epoch ${claim.epoch}`).join('\n')],
    ['helps with', helping.map(helpText).join('\n')],
    ['unread', String(unread)],
    ...Object.entries(swarm.metadata),
    ['registered', formatTime(swarm.registeredAt)],
  ])
}

/** What counts, and how it comes about where runs are held against it. */
function reputationText({ reputation, measuredReputation, effectiveReputation }: SwarmView): string | undefined {
  if (measuredReputation === undefined) return reputation === undefined ? undefined : String(reputation)
  return `${effectiveReputation} (${reputation === undefined ? '' : `set ${reputation}, `}measured ${measuredReputation})`
}

function dollarsText(nanos: number | undefined, unit = ''): string | undefined {
  return nanos === undefined ? undefined : `${formatDollars(nanos)}${unit}`
}

function claimText({ task, stuck }: { task: string; stuck: boolean }): string {
  return stuck ? `${task} (stuck)` : task
}

function helpText({ blocker, task, epoch }: SwarmDetailView['helping'][number]): string {
  return `${blocker} on ${task}, ${epoch === undefined ? 'not answered yet' : `epoch ${epoch}`}`
}
