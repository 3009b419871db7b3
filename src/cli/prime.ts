import { type ErrorCode, isFabricError } from '../model/errors.js'
import { type Answer, answer } from './answer.js'
import type { Call, CliCommand } from './command.js'
import { id } from './option-values.js'

/** What an agent reads when its session begins. */
export function addPrimeCommand(program: CliCommand): void {
  program
    .command('prime')
    .description(
      'say what an agent should know now, in under 1,500 tokens: its claims, messages, work, and how to work',
    )
    .option('--as <swarm>', 'swarm that it is about (default: that of your token)', id)
    .example('ifab prime --as alice')
    .does(prime)
}

async function prime(call: Call, { as }: { as?: string }): Promise<Answer> {
  try {
    const fabric = await call.connect()
    const [{ readBriefing }, { briefingLines, briefingValue, cutBriefing }] = await Promise.all([
      import('./prime/read.js'),
      import('./prime/briefing.js'),
    ])
    const briefing = cutBriefing(await readBriefing(fabric, as))
    return answer(briefingValue(briefing), briefingLines(briefing))
  } catch (error) {
    const said = withoutBoard(error, as)
    if (said === undefined) throw error
    return answer({ running: false, message: said }, said)
  }
}

/** A session that begins goes on without a board: that is said in one line, and is no failure of the hook that asked. */
function withoutBoard(error: unknown, as: string | undefined): string | undefined {
  if (!isFabricError(error)) return undefined
  return SAID[error.code]?.(as ?? '', error.message)
}

const SAID: Partial<Record<ErrorCode, (swarm: string, message: string) => string>> = {
  UNAVAILABLE: () =>
    'No InfraFabric task board runs here. Start it with `ifab up --detach`; clients that `ifab setup` connected start it themselves.',
  UNAUTHENTICATED: (_, message) => `The InfraFabric task board does not let you in. ${message}`,
  NOT_FOUND: (swarm) =>
    `${swarm} is not on the InfraFabric task board. Register with \`ifab swarm register ${swarm} --capabilities ...\`, or use the MCP tools, which register you.`,
}
