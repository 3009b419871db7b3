import type { FabricClient } from '../client/client.js'
import { formatDollars } from '../model/money.js'
import type { CandidacyView } from '../operations/governor-views.js'
import { answer } from './answer.js'
import { addBreakerCommands } from './breaker.js'
import { alignColumns, alignFields } from './columns.js'
import type { CliCommand } from './command.js'
import { id } from './option-values.js'
import { addPageOptions, type PageOptions, pageLines } from './page.js'

/** Who qualifies for what, and whose circuit breaker is open. */
export function addGovernorCommands(program: CliCommand): void {
  const governor = program.command('governor').description('see who qualifies for a task; look after circuit breakers')
  addMatch(governor)
  governor
    .command('capabilities')
    .description('list the capabilities that have a meaning, built-in ones and those of the policy')
    .example('ifab governor capabilities')
    .asks(async (fabric: FabricClient) => {
      const registry = await fabric.governor.capabilities()
      const rows = registry.capabilities.map(({ name, meaning, own, grantedOnly }) => [
        name,
        own ? 'policy' : 'built-in',
        grantedOnly ? 'grant' : '',
        meaning,
      ])
      return answer(registry, alignColumns(['CAPABILITY', 'FROM', 'NEEDS', 'MEANING'], rows))
    })
  addBreakerCommands(governor)
}

function addMatch(governor: CliCommand): void {
  const command = governor
    .command('match')
    .description('show every swarm with its score for a task, best first, or why it is out')
    .argument('<task>', 'id of the task', id)
    .example('ifab governor match P0.1.2')
  addPageOptions(command).asks(async (fabric, task: string, { limit, cursor }: PageOptions) => {
    const page = await fabric.governor.match({ task, limit, cursor })
    return answer(page, pageLines(page, candidacyLines, 'No swarms. Register one: ifab swarm register NAME'))
  })
}

function candidacyLines(candidacies: readonly CandidacyView[]): string[] {
  const eligible = candidacies.filter((candidacy) => candidacy.eligible)
  const out = candidacies.filter((candidacy) => !candidacy.eligible)
  const rows = eligible.map(({ swarm, score, match, reputation, costPerHourNanos }) => [
    swarm,
    score === undefined ? 'free' : rounded(score),
    rounded(match),
    rounded(reputation),
    `${formatDollars(costPerHourNanos)}/h`,
  ])
  return [
    ...(rows.length === 0
      ? ['No swarm may claim it now.']
      : alignColumns(['SWARM', 'SCORE', 'MATCH', 'REPUTATION', 'RATE'], rows)),
    // In full, unlike cells of a table: the reason says what to do.
    ...(out.length === 0 ? [] : ['', 'Out:', ...alignFields(out.map(obstacleField))]),
  ]
}

function obstacleField({ swarm, obstacle }: CandidacyView): [string, string] {
  return [swarm, obstacle === undefined ? 'not eligible' : `${obstacle.check}: ${obstacle.reason}`]
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(4)))
}
