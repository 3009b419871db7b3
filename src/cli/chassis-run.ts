import type { EgressContext } from '../chassis/egress/egress.js'
import type { RunHostCalls } from '../chassis/host-calls/run-host-calls.js'
import { JAIL_LEVELS, type JailLevel } from '../chassis/jail/levels.js'
import type { LoadedModule, RunReport } from '../chassis/sandbox/run.js'
import { asFabricError, FabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import type { Answer } from './answer.js'
import { alignFields } from './columns.js'
import type { CliCommand } from './command.js'
import { choice, repeated } from './option-values.js'
import { counted } from './text.js'
import { readStart, writeUserFile } from './user-file.js'

export function addChassisRun(group: CliCommand): void {
  group
    .command('run')
    .description('run a module under its contract, here and once, and show what it did; exits with 10 when it fails')
    .argument('<file>', 'module, such as tool.wasm')
    .requiredOption('--contract <file>', 'contract.yaml of the module')
    .option('--input <file>', 'what it reads as its input; - for standard input (default: nothing)')
    .option('--output <file>', 'where its output goes, as it is')
    .option('--seed <text>', 'what its random bytes come from: the same text gives the same bytes', 'ifab')
    .option('--key <vkey>', 'verifier key that must have signed the contract; repeat it for several', repeated)
    .option('--jail <level>', `weakest jail that is enough: ${JAIL_LEVELS.join(', ')}`, choice(JAIL_LEVELS))
    .option('--allow-hosts', 'let it send requests, without secrets, to the hosts that its contract names')
    .example('ifab chassis run tool.wasm --contract contract.yaml --input in.json')
    .does(async ({ terminal }, path: string, options: RunOptions) =>
      run(path, options, (line) => terminal.err(`${line}\n`)),
    )
}

interface RunOptions {
  readonly contract: string
  readonly input?: string
  readonly output?: string
  readonly seed: string
  readonly key?: readonly string[]
  readonly jail?: JailLevel
  readonly allowHosts?: true
}

/** A module that did its work and says, or shows, that it failed. */
const FAILED_EXIT = 10

async function run(path: string, options: RunOptions, warn: (line: string) => void): Promise<Answer> {
  const { module, swarm, context } = await admit(path, options)
  const input = await readInput(options.input)
  const host = await hostCalls(swarm, module, { context, warn })
  const { Sandbox } = await import('../chassis/sandbox/sandbox.js')
  // Nobody comes after this call, so nothing is started ahead.
  const sandbox = new Sandbox({ spares: 0, ...(options.jail !== undefined && { minimumJail: options.jail }) })
  try {
    const report = await sandbox.run({ swarm, module, input, seed: options.seed, host })
    if (options.output !== undefined) await writeUserFile(options.output, report.output)
    return answerOf(report, host, module, options.output)
  } finally {
    await sandbox.close()
  }
}

interface Admitted {
  readonly module: LoadedModule
  readonly swarm: string
  readonly context: EgressContext
}

/** Throws MODULE_REFUSED as a fabric would whose policy trusts these keys. */
async function admit(path: string, { contract: file, key, jail, allowHosts }: RunOptions): Promise<Admitted> {
  const [{ judgeFile, readContractFile }, { requireTrusted }, { admitInChild }, { moduleDigest }, { limitsOf }] =
    await Promise.all([
      import('./contract-file.js'),
      import('../chassis/contract/judge-contract.js'),
      import('../chassis/admission/admit-in-child.js'),
      import('../chassis/admission/admit.js'),
      import('../chassis/contract/meter-limits.js'),
    ])
  const { signed } = await readContractFile(file)
  const { contract } = signed
  const { MODULE_CAPS } = await import('../chassis/wasm/caps.js')
  const bytes = await readStart(path, MODULE_CAPS.bytes)
  requireTrusted(judgeFile(signed, moduleDigest(bytes), key))
  const { profile, limits, hosts } = contract
  const { digest, metered } = await admitInChild(bytes, {
    profile,
    limits: limitsOf(limits),
    ...(jail !== undefined && { minimumJail: jail }),
  })
  const endpoints = allowHosts === true ? hosts : []
  return {
    swarm: contract.swarm,
    module: { digest, metered, profile, limits },
    context: {
      hosts,
      rights: () => endpoints.map((endpoint) => ({ credential: 'command-line', endpoint })),
      onUse: () => undefined,
    },
  }
}

async function readInput(file: string | undefined): Promise<Uint8Array> {
  if (file === undefined) return new Uint8Array()
  const input = await readStart(file === '-' ? '/dev/stdin' : file, LIMITS.sandboxInputBytes)
  if (input.length <= LIMITS.sandboxInputBytes) return input
  const message = `${file} is too large: an input has at most ${LIMITS.sandboxInputBytes} bytes. Send less.`
  throw new FabricError('INVALID_ARGUMENT', message, { path: file, maxBytes: LIMITS.sandboxInputBytes })
}

interface Surroundings {
  readonly context: EgressContext
  readonly warn: (line: string) => void
}

async function hostCalls(
  swarm: string,
  { limits }: LoadedModule,
  { context, warn }: Surroundings,
): Promise<RunHostCalls> {
  const [{ RunHostCalls }, { CallRates }, { HttpEgress }, { Redactor }, { systemTiming }, { randomBytes }] =
    await Promise.all([
      import('../chassis/host-calls/run-host-calls.js'),
      import('../chassis/host-calls/call-rates.js'),
      import('../chassis/egress/http-egress.js'),
      import('../witness/redact.js'),
      import('../fabric/timing.js'),
      import('node:crypto'),
    ])
  const secret = async (name: string): Promise<string> => {
    throw new FabricError('NOT_FOUND', `There is no vault here for the secret ${name}.`, { name })
  }
  // What the module gets of a fault says nothing; whoever runs it here wants to know.
  const report = (error: unknown) => warn(`error: ${asFabricError(error).message}`)
  const egress = new HttpEgress({ secrets: { secret }, timing: systemTiming, report })
  const redactor = new Redactor({ key: randomBytes(32) })
  return new RunHostCalls({ swarm, limits, rates: new CallRates(systemTiming), redactor, egress, context })
}

function answerOf(report: RunReport, host: RunHostCalls, module: LoadedModule, file: string | undefined): Answer {
  const { output, ...facts } = report
  const text = textOf(output)
  const shown = text === undefined ? { outputBase64: Buffer.from(output).toString('base64') } : { output: text }
  const value = {
    ...facts,
    digest: module.digest,
    calls: host.counts,
    log: host.lines,
    ...(file === undefined ? shown : { written: file }),
  }
  const isGood = report.end === 'completed'
  return { value, lines: reportLines(report, host, module, file), ...(!isGood && { exit: FAILED_EXIT }) }
}

function reportLines(
  report: RunReport,
  { counts, lines }: RunHostCalls,
  { limits }: LoadedModule,
  file: string | undefined,
): string[] {
  const { end, code, message, fuel, memoryBytes, wallMs, cpuMs, jail, output } = report
  const refused = Object.entries(counts.refusals).map(([reason, count]) => `${count} ${reason}`)
  const calls = `${counted(counts.lines, 'log line')}, ${counted(counts.requests, 'request')}`
  return [
    ...alignFields([
      ['End', `${end}${end === 'failed' ? `, code ${code}` : ''}${message === undefined ? '' : `: ${message}`}`],
      ['Fuel', `${grouped(fuel)} of ${grouped(limits.fuel)}`],
      ['Memory', `${grouped(memoryBytes)} of ${grouped(limits.memoryBytes)} bytes`],
      ['Time', `${Math.ceil(wallMs)} ms, ${Math.ceil(cpuMs)} ms of processor time`],
      ['Host calls', `${calls}${refused.length === 0 ? '' : ` (refused: ${refused.join(', ')})`}`],
      ['Jail', jail],
      ['Output', file === undefined ? undefined : `${counted(output.length, 'byte')} in ${file}`],
    ]),
    ...(lines.length === 0 ? [] : ['', ...lines.map(({ level, text }) => `${level}: ${text}`)]),
    ...(file !== undefined || output.length === 0 ? [] : ['', ...outputLines(output)]),
  ]
}

function outputLines(output: Uint8Array): string[] {
  const text = textOf(output)
  if (text === undefined) return [`${counted(output.length, 'byte')} that are no text: take them with --output FILE.`]
  return text.replace(/\n$/, '').split('\n')
}

function textOf(output: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(output)
  } catch {
    return undefined
  }
}

/** `1,000,000` */
function grouped(count: number): string {
  return count.toLocaleString('en-US')
}
