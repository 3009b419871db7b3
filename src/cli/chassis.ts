import { PROFILES, type Profile } from '../chassis/admission/imports.js'
import type { Answer } from './answer.js'
import { addChassisBuild } from './chassis-build.js'
import { addCredentialCommands } from './chassis-credentials.js'
import { addModuleCommands } from './chassis-modules.js'
import { addChassisRun } from './chassis-run.js'
import { addChassisSigning } from './chassis-sign.js'
import { addSloCommand } from './chassis-slo.js'
import type { CliCommand } from './command.js'
import { choice, repeated } from './option-values.js'
import { readStart } from './user-file.js'

/** Modules that run in the sandbox. To examine one needs no fabric. */
export function addChassisCommands(program: CliCommand): void {
  const chassis = program
    .command('chassis')
    .description('make, sign, examine and load the modules that run in the sandbox, and say what they may reach')
  addChassisBuild(chassis)
  chassis
    .command('inspect')
    .description('examine a WebAssembly module as admission does, and say why it is refused; exits with 5 when it is')
    .argument('<file>', 'module, such as tool.wasm')
    .option('--contract <file>', 'contract.yaml of the module: its profile and limits apply, and it is judged too')
    .option('--profile <name>', `what the module is built as: ${PROFILES.join(' or ')}`, choice(PROFILES))
    .option('--key <vkey>', 'verifier key that must have signed the contract; repeat it for several', repeated)
    .example('ifab chassis inspect tool.wasm')
    .example('ifab chassis inspect tool.wasm --contract contract.yaml --key "$VKEY"')
    .does(async (_call, path: string, options: InspectOptions) => inspect(path, options))
  addChassisSigning(chassis)
  addChassisRun(chassis)
  addModuleCommands(chassis)
  addCredentialCommands(chassis)
  addSloCommand(chassis)
}

interface InspectOptions {
  readonly contract?: string
  readonly profile?: Profile
  readonly key?: readonly string[]
}

async function inspect(path: string, options: InspectOptions): Promise<Answer> {
  const [{ inspectModule }, { limitsOf }, { inspectionLines }, { MODULE_CAPS }] = await Promise.all([
    import('../chassis/admission/inspect.js'),
    import('../chassis/contract/meter-limits.js'),
    import('./chassis-text.js'),
    import('../chassis/wasm/caps.js'),
  ])
  const { judgeFile, readContractFile } = await import('./contract-file.js')
  const signed = options.contract === undefined ? undefined : (await readContractFile(options.contract)).signed
  const bytes = await readStart(path, MODULE_CAPS.bytes)
  const profile = options.profile ?? signed?.contract.profile ?? 'core'
  const inspection = await inspectModule(bytes, {
    profile,
    ...(signed !== undefined && { limits: limitsOf(signed.contract.limits) }),
  })
  const judged = signed && {
    swarm: signed.contract.swarm,
    version: signed.contract.version,
    ...judgeFile(signed, inspection.digest, options.key),
  }
  const isRefused = !inspection.verdict.admitted || judged?.trusted === false
  const value = { file: path, ...inspection, ...(judged !== undefined && { contract: judged }) }
  return { value, lines: inspectionLines(value), ...(isRefused && { exit: 5 }) }
}
