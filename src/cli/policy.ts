import type { FabricClient } from '../client/client.js'
import type { GovernorPolicy } from '../governor/policy/policy.js'
import { isFabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import type { ExplanationView } from '../operations/governor-views.js'
import type { FileProblem } from '../user-file/file-problem.js'
import { type Answer, answer } from './answer.js'
import { alignFields } from './columns.js'
import type { CliCommand } from './command.js'
import { problemLine } from './failure.js'
import { id } from './option-values.js'
import { readPolicyFile } from './policy-file.js'
import { addPolicyViolations } from './policy-violations.js'
import { counted } from './text.js'

/** What the fabric decides by. */
export function addPolicyCommands(program: CliCommand): void {
  const policy = program.command('policy').description('check, show and apply the policy; see what it refused, and why')
  policy
    .command('check')
    .description('check a policy file and change nothing; exits with 2 when it has errors')
    .argument('<file>', 'policy, such as infrafabric.yaml')
    .example('ifab policy check infrafabric.yaml')
    .does((_call, path: string) => check(path))
  policy.command('show').description('show the policy in force').example('ifab policy show').asks(show)
  policy
    .command('explain')
    .description('explain whether a swarm may claim a task now: each check with its answer')
    .argument('<task>', 'id of the task', id)
    .argument('<swarm>', 'id of the swarm', id)
    .example('ifab policy explain P0.1.2 alice')
    .asks(async (fabric, task: string, swarm: string) => {
      const explanation = await fabric.policy.explain({ task, swarm })
      return answer(explanation, explanationLines(explanation))
    })
  policy
    .command('apply')
    .description('put the policy of a file in force')
    .argument('<file>', 'policy, such as infrafabric.yaml')
    .example('ifab policy apply infrafabric.yaml')
    .asks(apply)
  addPolicyViolations(policy)
}

async function check(path: string): Promise<Answer> {
  try {
    const { digest, policy, warnings } = await readPolicyFile(path)
    const { policySummary } = await import('./policy-text.js')
    const found = `${path} is valid, with ${counted(warnings.length, 'warning')}: ${policySummary(policy)}.`
    return answer({ file: path, valid: true, digest, problems: warnings, policy }, [
      ...warnings.map(problemLine),
      found,
      `Digest: ${digest}`,
    ])
  } catch (error) {
    const problems = isFabricError(error) ? error.details.problems : undefined
    if (!Array.isArray(problems)) throw error
    return refusalAnswer(path, problems)
  }
}

function refusalAnswer(path: string, problems: readonly FileProblem[]): Answer {
  const more = problems.length >= LIMITS.configProblems ? ' or more' : ''
  const verdict = `${path} has ${problems.length}${more} ${problems.length === 1 ? 'error' : 'errors'}. Mend the file and check it again.`
  return {
    value: { file: path, valid: false, problems },
    lines: [...problems.map(problemLine), verdict],
    exit: 2,
  }
}

async function show(fabric: FabricClient): Promise<Answer> {
  const view = await fabric.policy.show()
  const { policyLines } = await import('./policy-text.js')
  // What the fabric holds was read by the schema of policies before it came into force.
  const lines = policyLines(view.policy as unknown as GovernorPolicy)
  return answer(view, [`Digest: ${view.digest}${view.builtIn ? ' (built in)' : ''}`, '', ...lines])
}

function explanationLines({ task, swarm, allowed, checks }: ExplanationView): string[] {
  const fields = checks.map(({ check, passed, reason = '' }) => [check, passed ? 'yes' : `no: ${reason}`] as const)
  return [...alignFields(fields), '', `${swarm} ${allowed ? 'may' : 'may not'} claim ${task} now.`]
}

async function apply(fabric: FabricClient, path: string): Promise<Answer> {
  const { policy, host, warnings } = await readPolicyFile(path)
  const applied = await fabric.policy.apply({ policy: policy as Parameters<typeof fabric.policy.apply>[0]['policy'] })
  const hosted = host.channels.length > 0 || host.listen !== undefined
  return answer({ ...applied, problems: warnings }, [
    ...warnings.map(problemLine),
    applied.changed ? `The policy ${applied.digest} is in force.` : 'This policy was in force already.',
    ...(hosted ? ['Its channels and address are for the process that hosts the fabric, and were not applied.'] : []),
  ])
}
