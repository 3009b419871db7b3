import { FabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import { LOG_FORMATS, LOG_LEVELS } from '../model/log-level.js'
import type { Log } from '../server/logging.js'
import { boundedWriter, FULL } from './bounded-writer.js'
import type { Terminal } from './terminal.js'

/** As given with the command; what is left out is read from the environment. */
export interface LogOptions {
  readonly logLevel?: string
  readonly logFormat?: string
}

export const LOG_LEVEL_HELP = `what is logged: ${LOG_LEVELS.join(', ')} (default: $IFAB_LOG_LEVEL, or info)`
export const LOG_FORMAT_HELP = 'text, or json: one object a line (default: $IFAB_LOG_FORMAT, or text)'

/** The log of a fabric, on stderr. Throws INVALID_ARGUMENT for a level or format that there is not. */
export async function openLog({ env, err }: Terminal, options: LogOptions): Promise<Log> {
  const level = choose(LOG_LEVELS, 'IFAB_LOG_LEVEL', options.logLevel ?? env.IFAB_LOG_LEVEL) ?? 'info'
  const format = choose(LOG_FORMATS, 'IFAB_LOG_FORMAT', options.logFormat ?? env.IFAB_LOG_FORMAT) ?? 'text'
  const { createLog } = await import('../server/logging.js')
  const bytes = level === 'debug' ? LIMITS.debugLogBytes : LIMITS.serverLogBytes
  const last = format === 'json' ? `${JSON.stringify({ level: 'warn', message: FULL.trim() })}\n` : FULL
  return createLog({ level, format, write: boundedWriter(err, bytes, last) })
}

function choose<Choice extends string>(
  choices: readonly Choice[],
  variable: string,
  given: string | undefined,
): Choice | undefined {
  if (given === undefined || given === '') return undefined
  const found = choices.find((choice) => choice === given)
  if (found !== undefined) return found
  const option = variable.replace('IFAB_', '--').replace('_', '-').toLowerCase()
  const message = `${option} and ${variable} take one of ${choices.join(', ')}, not ${JSON.stringify(given)}.`
  throw new FabricError('INVALID_ARGUMENT', message, { field: option })
}
