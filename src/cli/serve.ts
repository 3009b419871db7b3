import { setTimeout as pause } from 'node:timers/promises'
import { refuseFile } from '../client/discover.js'
import type { Policy } from '../coordinator/policy.js'
import { FabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import { SECOND_MS } from '../model/time.js'
import { type Answer, answer } from './answer.js'
import { boundedWriter } from './bounded-writer.js'
import type { Call, CliCommand } from './command.js'
import { toFabricError } from './failure.js'
import { duration, wholeNumber } from './option-values.js'
import type { RunningFabric } from './terminal.js'
import { readTrustPolicy } from './trust-policy-file.js'

/** Starting and stopping the fabric of a data directory. What they need is loaded when they run. */
export function addServeCommands(program: CliCommand): void {
  program
    .command('up')
    .description('start the fabric of the data directory and run it until it is stopped')
    .option('--listen <host:port>', 'where to listen; port 0 takes a free one (default: 127.0.0.1:7420)')
    .option('--detach', 'run in the background; ifab.log in the data directory has what it says')
    .option('--name <name>', 'name of a fabric that does not exist yet')
    .option('--witnesses <file>', 'trust policy (C2SP tlog-policy) with the witnesses that are to cosign checkpoints')
    .option('--public-log', 'serve the entries of the log as tiles to callers without a token')
    .option('--lease <time>', 'lease of a claim without heartbeats (default: 30m)', duration)
    .option('--stall-after <time>', 'silence after which a holder is reported (default: 15m)', duration)
    .option('--max-failures <count>', 'failed attempts after which a task fails for good (default: 3)', wholeNumber)
    .example('ifab up --detach')
    .does((call, options: UpOptions) => (options.detach === true ? upInBackground(call, options) : up(call, options)))
  program
    .command('down')
    .description('stop the fabric of the data directory and wait until it is gone')
    .option('--timeout <time>', 'how long to wait (default: 30s)', duration)
    .example('ifab down')
    .does(down)
}

interface UpOptions {
  readonly listen?: string
  readonly detach?: boolean
  readonly name?: string
  readonly witnesses?: string
  readonly publicLog?: boolean
  readonly lease?: number
  readonly stallAfter?: number
  readonly maxFailures?: number
}

/** What the caller wants decided otherwise than by default. */
function policyOf({ lease, stallAfter, maxFailures }: UpOptions): Partial<Policy> {
  return {
    ...(lease !== undefined && { leaseMs: lease }),
    ...(stallAfter !== undefined && { stallMs: stallAfter }),
    ...(maxFailures !== undefined && { maxFailures }),
  }
}

async function up(call: Call, options: UpOptions): Promise<undefined> {
  const { listen, name, publicLog = false, witnesses } = options
  const { terminal, data } = call
  const interruption = terminal.interruption()
  const onFault = boundedWriter(terminal.err, LIMITS.serverLogBytes)
  const { hostFabric } = await import('./host.js')
  const hosted = await hostFabric({
    data,
    onFault,
    publicLog,
    policy: policyOf(options),
    ...(witnesses !== undefined && { witnesses: await readTrustPolicy(witnesses) }),
    ...(listen !== undefined && { listen }),
    ...(name !== undefined && { name }),
  }).catch((error) => {
    terminal.report({ failed: toFabricError(error).report() })
    throw error
  })
  call.show(startedAnswer(data, hosted.running))
  terminal.report({ started: hosted.running })
  const interrupted = new Promise<undefined>((resolve) => {
    if (interruption.aborted) resolve(undefined)
    interruption.addEventListener('abort', () => resolve(undefined), { once: true })
  })
  const failure = await Promise.race([interrupted, hosted.failed])
  await hosted.close()
  if (failure !== undefined) throw failure
}

async function upInBackground({ data }: Call, options: UpOptions): Promise<Answer> {
  const { startDetached } = await import('./detach.js')
  const { listen, name, witnesses, publicLog, lease, stallAfter, maxFailures } = options
  const seconds = (ms: number | undefined) => (ms === undefined ? undefined : `${ms / SECOND_MS}s`)
  const given = {
    '--listen': listen,
    '--name': name,
    '--witnesses': witnesses,
    '--lease': seconds(lease),
    '--stall-after': seconds(stallAfter),
    '--max-failures': maxFailures,
  }
  const args = Object.entries(given).flatMap(([option, value]) => (value === undefined ? [] : [option, String(value)]))
  if (publicLog === true) args.push('--public-log')
  return startedAnswer(data, await startDetached(data, args))
}

function startedAnswer(data: string, running: RunningFabric): Answer {
  return answer({ ...running, data }, [
    `The fabric runs at ${running.url} (process ${running.pid}, data in ${data}).`,
    `Its checkpoints are signed by ${running.vkey}`,
    'Next: ifab board import FILE, or ifab swarm register NAME',
  ])
}

const DEFAULT_TIMEOUT_MS = 30 * SECOND_MS
const LOOK_AGAIN_MS = 20

async function down({ data }: Call, { timeout = DEFAULT_TIMEOUT_MS }: { timeout?: number }): Promise<Answer> {
  const [{ inspectOwner }, { livenessOf }] = await Promise.all([
    import('../journal/file/lock.js'),
    import('../journal/file/process-identity.js'),
  ])
  await refuseFile(data)
  const owner = await inspectOwner(data)
  if (owner === undefined || owner.state === 'released' || owner.state === 'dead') {
    return answer({ stopped: false, data }, `No fabric runs in ${data}.`)
  }
  const { pid, host } = owner
  if (owner.state === 'unknown') {
    const whose = pid === 0 ? 'The owner of' : `Process ${pid} on ${host}, the owner of`
    const message = `${whose} ${data} cannot be looked at from here. Stop it where it runs; \`ifab doctor\` says more.`
    throw new FabricError('DATA_LOCKED', message, { pid, host })
  }
  terminate(pid)
  // The death of a process that is not one's own child is not announced to anybody.
  for (const end = Date.now() + timeout; livenessOf(owner) === 'alive'; await pause(LOOK_AGAIN_MS)) {
    if (Date.now() < end) continue
    const message = `Process ${pid} still runs after ${timeout / SECOND_MS}s. Wait, or end it with \`kill -9 ${pid}\`.`
    throw new FabricError('UNAVAILABLE', message, { pid, timeoutMs: timeout })
  }
  return answer({ stopped: true, data, pid }, `The fabric in ${data} (process ${pid}) has ended.`)
}

function terminate(pid: number): void {
  try {
    process.kill(pid, 'SIGTERM')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    // It ended by itself in between.
    if (code === 'ESRCH') return
    const message = `You may not stop process ${pid}; it belongs to another user. Ask them, or become them.`
    throw new FabricError('FORBIDDEN', message, { pid }, { cause: error })
  }
}
