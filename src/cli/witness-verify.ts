import { createReadStream } from 'node:fs'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { FabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import type { TrustPolicy } from '../witness/note/trust-policy.js'
import type { VerificationReport } from '../witness/verify/report.js'
import type { Trust } from '../witness/verify/signature.js'
import type { Answer } from './answer.js'
import type { Call, CliCommand } from './command.js'
import { duration, repeated } from './option-values.js'
import type { Terminal } from './terminal.js'
import { readTrustPolicy } from './trust-policy-file.js'
import { unreadable } from './user-file.js'

interface VerifyOptions {
  readonly key?: readonly string[]
  readonly policy?: string
  readonly maxAge?: number
  readonly marks?: string
  readonly result?: string
}

export function addWitnessVerify(group: CliCommand): void {
  group
    .command('verify')
    .description('check a whole log: integrity, signature, freshness, and completeness of a query')
    .argument('[source]', 'directory of an export or URL of a log (default: the fabric that applies)')
    .option('--key <vkey>', 'verifier key of the log that you trust; repeat it for several', repeated)
    .option('--policy <file>', 'trust policy (C2SP tlog-policy): keys of logs, witnesses and their quorum')
    .option('--max-age <time>', 'how old cosignatures may be to show that the log is fresh (default: 24h)', duration)
    .option('--marks <file>', 'what was verified before (default: $XDG_STATE_HOME/infrafabric/marks.json)')
    .option('--result <file>', 'what `ifab witness query --all --json` gave, to be checked for completeness')
    .example('ifab witness verify public-log --policy trust.policy')
    .does(verify)
}

async function verify(call: Call, named: string | undefined, options: VerifyOptions): Promise<Answer> {
  const [{ openSource }, { verifySource }, { reportOf }, { Marks }, { parseQueryResult }] = await Promise.all([
    import('./witness-source.js'),
    import('../witness/verify/verify.js'),
    import('../witness/verify/report.js'),
    import('../witness/verify/marks.js'),
    import('../witness/verify/query-result.js'),
  ])
  const policy = options.policy === undefined ? undefined : await readTrustPolicy(options.policy)
  const { result: path } = options
  const result = path === undefined ? undefined : parseQueryResult(await readResult(path), path)
  const marks = await Marks.open(options.marks ?? defaultMarks(call.terminal.env))
  const given = await trustGiven(options.key ?? [], policy)
  const { source, ownKey } = await openSource(call, named)
  try {
    const trust = given ?? (await trustOwn(ownKey))
    const report = reportOf(
      await verifySource({ source, trust, policy, maxAgeMs: options.maxAge, marks, result, now: Date.now() }),
    )
    return { value: report, lines: reportLines(report), ...(report.exit !== 0 && { exit: report.exit }) }
  } finally {
    await source.close()
  }
}

/** The keys that the user named himself. */
async function trustGiven(vkeys: readonly string[], policy: TrustPolicy | undefined): Promise<Trust | undefined> {
  const { parseVkey } = await import('../witness/note/verifier.js')
  const keys = [...vkeys.map(parseVkey), ...(policy?.logs ?? []).map(({ verifier }) => verifier)]
  return keys.length === 0 ? undefined : { keys, from: 'given' }
}

async function trustOwn(vkey: string | undefined): Promise<Trust | undefined> {
  const { parseVkey } = await import('../witness/note/verifier.js')
  return vkey === undefined ? undefined : { keys: [parseVkey(vkey)], from: 'own' }
}

/** As the XDG base directories say: a relative path in the variable does not count. */
function defaultMarks(env: Terminal['env']): string {
  const { XDG_STATE_HOME: named = '', HOME } = env
  const state = isAbsolute(named) ? named : join(HOME || homedir(), '.local', 'state')
  return join(state, 'infrafabric', 'marks.json')
}

/** What the file has; a pipe or a device does not say how much that is. */
async function readResult(path: string): Promise<Buffer> {
  const maxBytes = LIMITS.queryResultBytes
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of createReadStream(path, { end: maxBytes })) {
      chunks.push(chunk)
      bytes += chunk.length
    }
  } catch (error) {
    throw unreadable(path, error)
  }
  if (bytes <= maxBytes) return Buffer.concat(chunks)
  const message = `${path} is too large: at most ${maxBytes} bytes are read. Ask for less, such as a part with --since.`
  throw new FabricError('INVALID_ARGUMENT', message, { path, maxBytes })
}

function reportLines({ source, checkpoint, verdicts, proves, doesNotProve, remembered }: VerificationReport): string[] {
  const log = checkpoint === undefined ? source : `${checkpoint.origin}, ${checkpoint.size} entries, from ${source}`
  const rows = Object.entries(verdicts).map(
    ([name, { status, message }]) => `${name.padEnd(12)}  ${status.replace('_', ' ').padEnd(9)}  ${message}`,
  )
  const { status: fresh, details } = verdicts.freshness
  const first = fresh === 'unchecked' && details.remembered === undefined && remembered.saved
  const memory = first ? [`${remembered.path} remembers this log from now on: verify it again later.`] : []
  const problem = remembered.problem === undefined ? [] : [`It could not be remembered: ${remembered.problem}`]
  return [log, ...rows, ...memory, ...problem, proves, doesNotProve]
}
