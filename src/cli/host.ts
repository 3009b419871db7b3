import type { Channel } from '../channels/channel.js'
import type { Policy } from '../coordinator/policy.js'
import type { Fabric } from '../fabric/fabric.js'
import { whileLeading } from '../fabric/nodes/while-leading.js'
import { policyDigestOf } from '../fabric/policy-digest.js'
import { systemTiming } from '../fabric/timing.js'
import type { Config } from '../governor/policy/config-schema.js'
import type { GovernorPolicy } from '../governor/policy/policy.js'
import { ADMIN_ACTOR } from '../model/entry.js'
import { FabricError, isFabricError } from '../model/errors.js'
import { formatTimestamp } from '../model/time.js'
import type { RunningServer, ServerFault } from '../server/app.js'
import { DEFAULT_LISTEN, type Exposure } from '../server/listen.js'
import { createLog, type Log } from '../server/logging.js'
import { logRequests } from '../server/logging-requests.js'
import { startServer } from '../server/server.js'
import { openTracing } from '../server/tracing.js'
import type { TrustPolicy } from '../witness/note/trust-policy.js'
import { openStorage } from '../witness/storage.js'
import type { ClusterOptions } from './cluster.js'
import { adminToken, createDataDirectory, removeEndpoint, writeEndpoint } from './data-directory.js'
import { type OpenOptions, openAlone, openShared } from './host-journal.js'
import type { RunningFabric } from './terminal.js'
import { packageVersion } from './version.js'

export interface HostOptions {
  readonly data: string
  /** `HOST:PORT`; port 0 takes a free one. */
  readonly listen?: string
  /** For a fabric that does not exist yet. */
  readonly name?: string
  /** What is decided otherwise than by default. */
  readonly policy?: Partial<Policy>
  /** What infrafabric.yaml says; without it the policy of the log stays in force. */
  readonly config?: Config
  /** Where the secrets of channels are, by name. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Outside witnesses that are to cosign checkpoints. */
  readonly witnesses?: TrustPolicy
  /** How other machines may connect. */
  readonly exposure?: Exposure
  /** Shares a journal with other nodes. Default: the log of the data directory, to itself. */
  readonly cluster?: ClusterOptions
  /** Goes on with a log that was moved to another engine. */
  readonly useMovedLog?: boolean
  /** Serves the entries of the log as tiles to callers without a token. */
  readonly publicLog?: boolean
  /** Where it tells whoever runs it of its start, its end and its faults. Default: warnings and faults, to `onFault`. */
  readonly log?: Log
  readonly onFault?: (line: string) => void
}

export interface HostedFabric {
  readonly log: Log
  readonly running: RunningFabric
  /** Resolves with the reason when the fabric stopped by itself; close it all the same. */
  readonly failed: Promise<FabricError>
  /** Puts another policy in force. Answers whether it was another. */
  apply(policy: GovernorPolicy): Promise<boolean>
  /** Removes the endpoint, ends the server, takes a snapshot and releases the data directory. */
  close(): Promise<void>
}

/** Runs the fabric of a data directory in this process. Throws what stands in the way, with nothing left open. */
export async function hostFabric(options: HostOptions): Promise<HostedFabric> {
  const { data, name, policy = {}, publicLog = false, witnesses, config, env = {} } = options
  const log = options.log ?? createLog({ level: 'warn', write: options.onFault ?? writeToStderr })
  const listen = options.listen ?? config?.host.listen ?? DEFAULT_LISTEN
  const requestsPerSecond = config?.host.requestsPerSecond
  const closing: (() => Promise<void>)[] = []
  const close = () => closeAll(closing.splice(0).reverse())
  const fault = (error: unknown) => log.error('fault', { error })
  try {
    const { openChannels } = await import('../channels/open.js')
    const { channels, secrets } = openChannels(config?.host.channels ?? [], env)
    for (const secret of secrets) log.declare(secret)
    await createDataDirectory(data)
    const version = packageVersion()
    const tracing = await openTracing({ env, log, version })
    if (tracing !== undefined) closing.push(() => tracing.close())
    const witness = {
      open: async () => ({ storage: await openStorage(data, fault), secrets: [await adminToken(data), ...secrets] }),
      ...(witnesses !== undefined && { policy: witnesses }),
    }
    const opening: OpenOptions = {
      ...{ data, listen, version, policy, witness, closing },
      report: fault,
      warn: (message) => log.warn(message),
      ...(config !== undefined && { governor: config.policy }),
      ...(name !== undefined && { name }),
      ...(options.useMovedLog === true && { useMovedLog: true }),
    }
    const { cluster } = options
    const { fabric, annotate } = await (cluster === undefined ? openAlone(opening) : openShared(opening, cluster))
    if (name !== undefined && name !== fabric.name) throw namedOtherwise(data, fabric.name)
    if (channels.length > 0) {
      const couriers = await whileLeading({
        fabric,
        start: () => startCouriers(fabric, channels, fault),
        report: fault,
      })
      closing.push(() => couriers.close())
    }
    const { startModules } = await import('./module-host.js')
    const start = () => startModules({ fabric, config: config?.host, env, log, report: fault })
    const modules = await whileLeading({ fabric, start, report: fault })
    closing.push(() => modules.close())
    const token = await adminToken(data)
    log.declare(token)
    const onFault = ({ reference, route, error }: ServerFault) => log.error('fault', { reference, route, error })
    const server = await startServer({
      ...{ fabric, version, listen, token, publicLog, onFault },
      // Spans first: the log then says to which one a request belongs.
      observers: [...(tracing === undefined ? [] : [tracing.observe]), logRequests(log)],
      ...options.exposure,
      ...(requestsPerSecond !== undefined && { requestsPerSecond }),
    }).catch(namePort)
    closing.push(() => server.close())
    await annotate(server.url)
    const { vkey } = fabric.witness
    const running = { url: server.url, pid: process.pid, startedAt: formatTimestamp(Date.now()), version, vkey }
    await writeEndpoint(data, running)
    closing.push(() => removeEndpoint(data))
    log.info('started', { name: fabric.name, url: server.url, pid: process.pid, version, data })
    const stop = async () => {
      log.info('stopping')
      await close()
      log.info('stopped')
    }
    return { log, running, failed: fabric.failed, apply: (policy) => applyPolicy(fabric, policy), close: stop }
  } catch (error) {
    await close()
    throw error
  }
}

async function startCouriers(fabric: Fabric, channels: readonly Channel[], report: (error: unknown) => void) {
  const [{ EscalationCourier }, { fabricPort }] = await Promise.all([
    import('../channels/escalation-courier.js'),
    import('../channels/fabric-port.js'),
  ])
  const port = fabricPort(fabric)
  return new EscalationCourier({ port, channels, timing: systemTiming, random: Math.random, report })
}

async function applyPolicy(fabric: Fabric, policy: GovernorPolicy): Promise<boolean> {
  const command = { type: 'apply_policy', policy, digest: policyDigestOf(policy) } as const
  return (await fabric.submit(command, { actor: ADMIN_ACTOR })).changed
}

function namedOtherwise(data: string, name: string): FabricError {
  const message = `The fabric in ${data} is named ${name} and keeps its name. Leave --name out, or use another --data.`
  return new FabricError('CONFLICT', message, { data, name })
}

/** Every step is tried; the first that fails is what is thrown. */
async function closeAll(steps: readonly (() => Promise<void>)[]): Promise<void> {
  const failures: unknown[] = []
  for (const step of steps) await step().catch((error) => failures.push(error))
  if (failures.length > 0) throw failures[0]
}

function namePort(error: unknown): RunningServer {
  if (!isFabricError(error) || error.details.reason !== 'EADDRINUSE') throw error
  const message = `${error.message} \`--listen 127.0.0.1:0\` takes a free port.`
  throw new FabricError(error.code, message, error.details, { cause: error })
}

function writeToStderr(lines: string): void {
  process.stderr.write(lines)
}
