import type { StreamConfig } from '@nats-io/jetstream'
import { FabricError } from '../../model/errors.js'

const FORMAT = 1
const DESCRIPTION = `Log of InfraFabric, format ${FORMAT}`

/**
 * A stream that keeps everything: nothing expires, nothing is removed for room, and nobody deletes or purges by
 * mistake.
 */
export function logSettings(
  stream: string,
  subject: string,
  replicas: number,
): Partial<StreamConfig> & { name: string } {
  return {
    name: stream,
    subjects: [subject],
    description: DESCRIPTION,
    storage: 'file',
    retention: 'limits',
    discard: 'new',
    max_msgs: -1,
    max_bytes: -1,
    max_age: 0,
    max_msgs_per_subject: -1,
    num_replicas: replicas,
    allow_direct: true,
    deny_delete: true,
    deny_purge: true,
    allow_rollup_hdrs: false,
  }
}

/**
 * Throws CONFLICT when an existing stream is no log or could lose entries, and DATA_TOO_NEW when a later release made
 * it. Servers drop settings they do not know without a word, so this is also asked of a stream that was just made.
 */
export function checkSettings(config: StreamConfig, subject: string, replicas: number | undefined): void {
  const format = Number(/^Log of InfraFabric, format (\d+)/.exec(config.description ?? '')?.[1])
  if (format > FORMAT) {
    const message = `Stream ${config.name} has format ${format}; this release knows ${FORMAT}. Install a later release.`
    throw new FabricError('DATA_TOO_NEW', message, { stream: config.name, format })
  }
  const removes = config.discard !== 'new' && (config.max_msgs > 0 || config.max_bytes > 0)
  requireSettings(config, 'no log that keeps everything', {
    description: format === FORMAT,
    subjects: isOnly(config.subjects, subject),
    storage: config.storage === 'file',
    retention: config.retention === 'limits',
    discard: !removes,
    max_age: config.max_age === 0,
    max_msgs_per_subject: config.max_msgs_per_subject <= 0,
    allow_direct: config.allow_direct,
    deny_delete: config.deny_delete,
    deny_purge: config.deny_purge,
    allow_rollup_hdrs: !config.allow_rollup_hdrs,
    sealed: !config.sealed,
    persist_mode: config.persist_mode !== 'async',
    num_replicas: replicas === undefined || config.num_replicas === replicas,
  })
}

/** A stream that keeps its last message only, and that one for good. */
export function leadSettings(
  stream: string,
  subject: string,
  replicas: number,
): Partial<StreamConfig> & { name: string } {
  return {
    name: stream,
    subjects: [subject],
    description: 'Who may lead a log of InfraFabric',
    storage: 'file',
    retention: 'limits',
    discard: 'old',
    max_msgs: 1,
    max_age: 0,
    num_replicas: replicas,
    deny_delete: true,
    deny_purge: true,
  }
}

/** Throws CONFLICT when an existing stream could forget who led last, or has fewer `replicas` than its log. */
export function checkLeadSettings(config: StreamConfig, subject: string, replicas = 1): void {
  requireSettings(config, 'not fit to say who leads', {
    subjects: isOnly(config.subjects, subject),
    storage: config.storage === 'file',
    retention: config.retention === 'limits',
    discard: config.discard === 'old',
    max_age: config.max_age === 0,
    deny_delete: config.deny_delete,
    deny_purge: config.deny_purge,
    sealed: !config.sealed,
    num_replicas: config.num_replicas >= replicas,
  })
}

function requireSettings(config: StreamConfig, what: string, checks: Readonly<Record<string, boolean>>): void {
  const wrong = Object.keys(checks).filter((name) => !checks[name])
  if (wrong.length === 0) return
  const message = `Stream ${config.name} is ${what}; look at: ${wrong.join(', ')}. Change that (nats stream edit), or name another log.`
  throw new FabricError('CONFLICT', message, { stream: config.name, settings: wrong })
}

function isOnly(subjects: readonly string[], subject: string): boolean {
  return subjects.length === 1 && subjects[0] === subject
}
