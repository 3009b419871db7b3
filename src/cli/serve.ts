import { setTimeout as pause } from 'node:timers/promises'
import { refuseFile } from '../client/discover.js'
import type { Policy } from '../coordinator/policy.js'
import { FabricError } from '../model/errors.js'
import { SECOND_MS } from '../model/time.js'
import { type Answer, answer } from './answer.js'
import { addClusterOptions, type ClusterFlags, clusterArguments, readCluster } from './cluster.js'
import type { Call, CliCommand } from './command.js'
import { type ConfigFile, readConfigFile } from './config-file.js'
import { type ExposureOptions, readExposure } from './exposure.js'
import { toFabricError } from './failure.js'
import type { HostedFabric } from './host.js'
import { LOG_FORMAT_HELP, LOG_LEVEL_HELP, type LogOptions, openLog } from './log-options.js'
import { duration, wholeNumber } from './option-values.js'
import type { RunningFabric } from './terminal.js'
import { readTrustPolicy } from './trust-policy-file.js'

/** Starting and stopping the fabric of a data directory. What they need is loaded when they run. */
export function addServeCommands(program: CliCommand): void {
  const up = program
    .command('up')
    .description('start the fabric of the data directory and run it until it is stopped')
    .option('--listen <host:port>', 'where to listen; port 0 takes a free one (default: 127.0.0.1:7420)')
    .option('--detach', 'run in the background; ifab.log in the data directory has what it says')
    .option('--name <name>', 'name of a fabric that does not exist yet')
    .option('--config <file>', 'policy, budgets, channels (default: $IFAB_CONFIG, or infrafabric.yaml beside the data)')
    .option('--witnesses <file>', 'trust policy (C2SP tlog-policy) with the witnesses that are to cosign checkpoints')
    .option('--tls-cert <file>', 'speak TLS with this certificate chain (PEM), which allows to listen beyond loopback')
    .option('--tls-key <file>', 'key of the certificate (PEM)')
    .option('--behind-proxy <origin>', 'a proxy in front ends TLS: its origin, as https://fabric.example.com')
    .option('--public-log', 'serve the entries of the log as tiles to callers without a token')
    .option('--use-moved-log', 'go on with a log that `ifab migrate` moved away, without what was written there since')
    .option('--lease <time>', 'lease of a claim without heartbeats (default: 30m)', duration)
    .option('--stall-after <time>', 'silence after which a holder is reported (default: 15m)', duration)
    .option('--max-failures <count>', 'failed attempts after which a task fails for good (default: 3)', wholeNumber)
    .option('--log-level <level>', LOG_LEVEL_HELP)
    .option('--log-format <format>', LOG_FORMAT_HELP)
  addClusterOptions(up)
    .example('ifab up --detach')
    .does((call, options: UpOptions) =>
      options.detach === true ? upInBackground(call, options) : upUntilStopped(call, options),
    )
  program
    .command('down')
    .description('stop the fabric of the data directory and wait until it is gone')
    .option('--timeout <time>', 'how long to wait (default: 30s)', duration)
    .example('ifab down')
    .does(down)
}

interface UpOptions extends LogOptions, ExposureOptions, ClusterFlags {
  readonly listen?: string
  readonly detach?: boolean
  readonly name?: string
  readonly config?: string
  readonly witnesses?: string
  readonly publicLog?: boolean
  readonly useMovedLog?: boolean
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

async function upUntilStopped(call: Call, options: UpOptions): Promise<undefined> {
  const { terminal, data } = call
  const interruption = terminal.interruption()
  const readConfig = () => readConfigFile(data, options.config, terminal.env)
  const hosted = await host(call, options, readConfig).catch((error) => {
    terminal.report({ failed: toFabricError(error).report() })
    throw error
  })
  terminal.onHangup(() => void reload(hosted, readConfig))
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

type ReadConfig = () => Promise<ConfigFile | undefined>

async function host({ data, terminal }: Call, options: UpOptions, readConfig: ReadConfig): Promise<HostedFabric> {
  const { listen, name, publicLog = false, witnesses } = options
  const log = await openLog(terminal, options)
  const [{ hostFabric }, config, cluster] = await Promise.all([
    import('./host.js'),
    readConfig(),
    readCluster(options, terminal.env),
  ])
  for (const { line, problem } of config?.warnings ?? []) log.warn(`${config?.path}:${line}: ${problem}`)
  return hostFabric({
    data,
    log,
    publicLog,
    useMovedLog: options.useMovedLog === true,
    env: terminal.env,
    policy: policyOf(options),
    exposure: await readExposure(options, config),
    ...(config !== undefined && { config }),
    ...(cluster !== undefined && { cluster }),
    ...(witnesses !== undefined && { witnesses: await readTrustPolicy(witnesses) }),
    ...(listen !== undefined && { listen }),
    ...(name !== undefined && { name }),
  })
}

/** Reads the configuration again and puts its policy in force. What is wrong with it is said, and nothing changes. */
async function reload({ log, apply }: HostedFabric, readConfig: ReadConfig): Promise<void> {
  try {
    const config = await readConfig()
    if (config === undefined) {
      log.warn('there is no configuration to read again')
      return
    }
    const changed = await apply(config.policy)
    log.info(`read ${config.path} again: ${changed ? 'its policy is in force' : 'the policy is the same'}`)
  } catch (error) {
    log.error(`the configuration was not taken over: ${toFabricError(error).message}`)
  }
}

async function upInBackground({ data }: Call, options: UpOptions): Promise<Answer> {
  const { startDetached } = await import('./detach.js')
  const { listen, name, config, witnesses, publicLog, lease, stallAfter, maxFailures, logLevel, logFormat } = options
  const { tlsCert, tlsKey, behindProxy } = options
  const seconds = (ms: number | undefined) => (ms === undefined ? undefined : `${ms / SECOND_MS}s`)
  const given: Record<string, string | number | boolean | undefined> = {
    '--listen': listen,
    '--name': name,
    '--config': config,
    '--witnesses': witnesses,
    '--lease': seconds(lease),
    '--stall-after': seconds(stallAfter),
    '--max-failures': maxFailures,
    '--tls-cert': tlsCert,
    '--tls-key': tlsKey,
    '--behind-proxy': behindProxy,
    '--log-level': logLevel,
    '--log-format': logFormat,
    '--public-log': publicLog,
    '--use-moved-log': options.useMovedLog,
    ...clusterArguments(options),
  }
  const args = Object.entries(given).flatMap(([option, value]) => {
    if (value === undefined || value === false) return []
    return value === true ? [option] : [option, String(value)]
  })
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
