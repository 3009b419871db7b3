import { InvalidArgumentError } from 'commander'
import type { PassReport } from '../bridge/pass.js'
import type { BridgeConfig } from '../bridge/speakers/bridge-config.js'
import { FabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import { formatTimestamp } from '../model/time.js'
import { type Answer, answer } from './answer.js'
import { boundedWriter } from './bounded-writer.js'
import type { Call, CliCommand } from './command.js'
import { duration, id, repeated } from './option-values.js'
import type { Terminal } from './terminal.js'
import { counted, formatTime } from './text.js'
import { readUserText } from './user-file.js'

/** Agents that only have git. What the bridge needs is loaded when it runs. */
export function addBridgeCommands(program: CliCommand): void {
  const bridge = program.command('bridge').description('let agents take part that do not speak to the fabric')
  bridge
    .command('git')
    .description(
      'hear agents that only have git: status files on their branches become commands, answers are committed',
    )
    .option('--repository <dir>', 'a clone; its work tree, index and HEAD are left alone (default: where you are)')
    .option('--remote <name>', 'remote that the agents push to (default: origin)')
    .option('--branch <name>', 'branch for answers and the board (default: fabric/coordination)')
    .option(
      '--agents <pattern>',
      'branches of agents: agents/{swarm}, or work/sip-*=session-4-sip; repeat it for several (default: agents/{swarm})',
      repeated,
    )
    .option('--config <file>', 'bridge.yaml: the same and more; options go before it')
    .option('--board <name>', 'write only tasks of this board', id)
    .option('--board-file <name>', 'file of the board on that branch (default: BOARD.md)')
    .option('--lease <time>', 'lease of a claim without a commit (default: 2h)', within('lease'))
    .option('--every <time>', 'how often to look (default: 15s)', within('every'))
    .option('--once', 'look once and end')
    .example("ifab bridge git --agents 'agents/{swarm}'")
    .example('ifab bridge git --repository ../project --config bridge.yaml --once')
    .does(bridgeGit)
}

const BOUNDS = { lease: ['1m', '24h'], every: ['1s', '1h'] } as const

function within(name: keyof typeof BOUNDS) {
  const [least, most] = BOUNDS[name]
  return (value: string): number => {
    const ms = duration(value)
    if (ms >= duration(least) && ms <= duration(most)) return ms
    throw new InvalidArgumentError(`Give ${least} to ${most}.`)
  }
}

interface BridgeFlags {
  readonly repository?: string
  readonly remote?: string
  readonly branch?: string
  readonly agents?: readonly string[]
  readonly config?: string
  readonly board?: string
  readonly boardFile?: string
  readonly lease?: number
  readonly every?: number
  readonly once?: boolean
}

async function bridgeGit(call: Call, flags: BridgeFlags): Promise<Answer | undefined> {
  const { terminal } = call
  const config = await readFlags(flags)
  const [{ Repository }, { passOnce, runBridge }] = await Promise.all([
    import('../bridge/git/repository.js'),
    import('../bridge/bridge.js'),
  ])
  const signal = terminal.interruption()
  const { remote } = config
  const repository = await Repository.open({ directory: flags.repository ?? '.', remote, env: terminal.env, signal })
  const connect = () => call.connect()
  if (flags.once === true) return passAnswer(await passOnce({ repository, config, connect }))
  const note = noteWriter(terminal)
  call.show(startedAnswer(config))
  await runBridge({
    ...{ repository, config, connect, signal },
    onPass: (report) => {
      for (const fault of report.faults) note(fault)
      if (report.heard.length + report.written.length > 0) call.show(passAnswer({ ...report, faults: [] }))
    },
    onFault: ({ message }) => note(message),
  })
}

/** Says what went wrong, once while it goes on. */
function noteWriter({ err }: Terminal): (text: string) => void {
  const write = boundedWriter(err, LIMITS.serverLogBytes, FULL)
  let last = ''
  return (text) => {
    if (text !== last) write(`${formatTime(formatTimestamp(Date.now()))} ${text}\n`)
    last = text
  }
}

const FULL = 'Too much went wrong to say more. Restart the bridge to go on.\n'

/** What the options say, then bridge.yaml, then the defaults. Throws INVALID_ARGUMENT. */
async function readFlags(flags: BridgeFlags): Promise<BridgeConfig> {
  const settings = await import('../bridge/speakers/bridge-config.js')
  const { readRule } = await import('../bridge/speakers/speakers.js')
  const { config: path, remote, branch, board, boardFile, lease, every } = flags
  const file =
    path === undefined ? {} : settings.readBridgeConfig(path, await readUserText(path, LIMITS.bridgeConfigBytes))
  const named = flags.agents?.map((text) => readRule(text) ?? refuse('agents', AGENTS_HELP))
  const merged: BridgeConfig = {
    remote: remote ?? file.remote ?? 'origin',
    branch: branch ?? file.branch ?? settings.DEFAULT_BRANCH,
    agents: named ?? file.agents ?? [settings.DEFAULT_AGENTS],
    migrated: file.migrated ?? [],
    everyMs: every ?? file.everyMs ?? settings.DEFAULT_EVERY_MS,
    leaseMs: lease ?? file.leaseMs ?? settings.DEFAULT_LEASE_MS,
    boardFile: boardFile ?? file.boardFile ?? settings.DEFAULT_BOARD_FILE,
    ...((board ?? file.board) !== undefined && { board: board ?? file.board }),
  }
  if (!settings.isRemoteName(merged.remote)) refuse('remote', '--remote is no name of a remote. See `git remote`.')
  if (!settings.isBranchName(merged.branch))
    refuse('branch', '--branch is no name of a branch, such as fabric/coordination.')
  if (!settings.isBoardFile(merged.boardFile))
    refuse('board-file', '--board-file is no name of a Markdown file, such as BOARD.md.')
  return merged
}

const AGENTS_HELP =
  '--agents has to say who speaks: agents/{swarm}, or a branch and its swarm as work/sip-*=session-4-sip.'

function refuse(field: string, message: string): never {
  throw new FabricError('INVALID_ARGUMENT', message, { field })
}

function startedAnswer({ remote, branch, agents }: BridgeConfig): Answer {
  const patterns = agents.map(({ pattern }) => pattern.text)
  return answer({ remote, branch, agents: patterns }, [
    `The bridge hears ${patterns.join(', ')} on ${remote} and answers on ${branch}. Stop it with Ctrl-C.`,
  ])
}

function passAnswer({ heard, written, commit, faults }: PassReport): Answer {
  const what =
    commit === undefined
      ? 'nothing new to write'
      : `${counted(written.length, 'file')} written in ${commit.slice(0, 10)}`
  const value = { heard, written, commit: commit ?? null, faults }
  const from = heard.length === 0 ? 'Heard nobody new' : `Heard ${heard.join(', ')}`
  return answer(value, [...faults, `${from}; ${what}.`])
}
