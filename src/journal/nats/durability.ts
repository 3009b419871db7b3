import type { StreamInfo } from '@nats-io/jetstream'
import { FabricError } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'
import type { JournalHealth } from '../journal.js'

/** How a server flushes what it has acknowledged: before the acknowledgement, or some time later. */
export type Flushing = 'always' | 'later'

export interface Durability {
  readonly durability: JournalHealth['durability']
  /** How the log lies, for people. */
  readonly description: string
  /** What can be lost, and what to change; absent when nothing is lost by a power cut of one server. */
  readonly warning?: string
}

const MONITOR_MS = 2_000

/**
 * What an acknowledged append survives. A server writes it to its files before it acknowledges, so the death of
 * processes loses nothing. A power cut takes what was not flushed; when other servers have it too, only a power cut of
 * most of them does.
 */
export function judgeDurability(info: StreamInfo, flushing: ReadonlyMap<string, Flushing>): Durability {
  const servers = holders(info)
  const replicas = info.config.num_replicas
  const always = servers.length > 0 && servers.every((name) => flushing.get(name) === 'always')
  const known = servers.every((name) => flushing.has(name))
  const how = always ? 'flushes before it acknowledges' : known ? 'flushes later' : 'may flush later'
  const description = `${replicas} ${replicas === 1 ? 'replica' : 'replicas'}, ${how}`
  if (always) return { durability: 'power', description }
  if (replicas >= 3) return { durability: 'process', description }
  const advice = known
    ? 'Set sync_interval: always in the jetstream section of a server of version 2.10 or newer, or keep 3 replicas'
    : 'Whether the server flushes before it acknowledges is not known: name the address of its monitoring, or keep 3 replicas'
  const warning = `A power cut of one NATS server can lose acknowledged entries. ${advice}.`
  return { durability: 'process', description, warning }
}

/** Throws POLICY_VIOLATION when a power cut of one server can lose acknowledged entries. */
export function requireDurable({ warning }: Durability): void {
  if (warning === undefined) return
  throw new FabricError('POLICY_VIOLATION', `The journal must be durable and is not. ${warning}`)
}

/**
 * Asks the HTTP monitoring of each server how it flushes; by name of the server. One that does not answer is left out.
 */
export async function askMonitors(monitors: readonly string[]): Promise<Map<string, Flushing>> {
  const answers = await Promise.all(monitors.map((monitor) => askMonitor(monitor).catch(() => undefined)))
  return new Map(answers.filter((answer) => answer !== undefined))
}

async function askMonitor(monitor: string): Promise<[string, Flushing]> {
  const response = await fetch(new URL('/varz', monitor), {
    signal: AbortSignal.timeout(MONITOR_MS),
    redirect: 'error',
  })
  const { server_name, jetstream } = JSON.parse(await readText(response)) as Varz
  if (typeof server_name !== 'string') throw new TypeError('The answer names no server')
  return [server_name, jetstream?.config?.sync_always === true ? 'always' : 'later']
}

async function readText({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body ?? []) {
    bytes += chunk.length
    if (bytes > LIMITS.natsMonitorBytes) throw new RangeError('The answer is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

/** The parts of `/varz` that are used. */
interface Varz {
  readonly server_name?: unknown
  readonly jetstream?: { readonly config?: { readonly sync_always?: unknown } }
}

/** Names of the servers that hold the stream; none when the server does not say, as 2.9 outside of a cluster. */
function holders({ cluster }: StreamInfo): string[] {
  const names = [cluster?.leader, ...(cluster?.replicas ?? []).map(({ name }) => name)]
  return names.flatMap((name) => (name ? [name] : []))
}
