import { LIMITS } from '../../model/limits.js'
import { type FileProblem, fileProblem, refuseFile } from '../../user-file/file-problem.js'
import { readUserFile } from '../../user-file/user-file.js'
import { policyBytes } from './canonical.js'
import { moduleOddities } from './chassis-warnings.js'
import { type Config, configSchema } from './config-schema.js'
import { oddities } from './config-warnings.js'

export interface ReadConfig extends Config {
  /** What is allowed, but hardly meant. */
  readonly warnings: readonly FileProblem[]
}

/**
 * Reads infrafabric.yaml. What it does not say is as in DEFAULT_GOVERNOR_POLICY, so an empty file is the default.
 *
 * Throws INVALID_ARGUMENT with `details.problems`, one FileProblem for each thing that is wrong, up to
 * `LIMITS.configProblems`; the message has the first one as `file:line: ...`.
 */
export function readConfig(file: string, source: string): ReadConfig {
  const { value, lineOf } = readUserFile({ file, source, maxBytes: LIMITS.configBytes, schemaFor: () => configSchema })
  const bytes = policyBytes(value.policy)
  if (bytes > LIMITS.policyBytes) {
    const problem = `The policy is too large for the log: ${bytes} bytes of at most ${LIMITS.policyBytes}. Name fewer models, capabilities and budgets.`
    throw refuseFile(file, [fileProblem({ file, line: 1, severity: 'error' }, [], problem)])
  }
  const warnings = [...oddities(value.policy), ...moduleOddities(value)].map(({ path, problem }) => {
    return fileProblem({ file, line: lineOf(path), severity: 'warning' }, path, problem)
  })
  warnings.sort((a, b) => a.line - b.line)
  return { ...value, warnings: warnings.slice(0, LIMITS.configProblems) }
}
