import { mkdtemp, rm, stat } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Journal } from '../journal/journal.js'
import { HEARTBEAT_MS, MEMBER_TTL_MS, type Membership } from '../journal/membership.js'
import { FabricError } from '../model/errors.js'
import { formatTimestamp, SECOND_MS } from '../model/time.js'
import type { CopyTarget } from '../witness/transfer/copy.js'
import type { LogEntries } from '../witness/transfer/log-entries.js'
import type { DriverOptions } from './cluster.js'
import { createDataDirectory } from './data-directory.js'
import { markLog, readMark, unmarkLog } from './moved-log.js'
import { packageVersion } from './version.js'

/** Where a log is: in a data directory of this machine, or on servers that several machines share. */
export type LogPlace =
  | { readonly kind: 'file'; readonly name: string; readonly data: string }
  | { readonly kind: 'shared'; readonly name: string }

/** Reads `file:DIR` or the URL of a shared journal. Throws INVALID_ARGUMENT. */
export function parsePlace(text: string, option: string): LogPlace {
  if (text.startsWith('file://') && URL.canParse(text)) return { kind: 'file', name: text, data: fileURLToPath(text) }
  if (/^file:./.test(text)) return { kind: 'file', name: text, data: text.slice('file:'.length) }
  if (/^[a-z][a-z0-9+.-]*:\/\/./i.test(text)) return { kind: 'shared', name: text }
  const message = `${option} must be file:DIR, such as file:.infrafabric, or the URL of a journal, such as nats://HOST:4222/NAME. ${text} is neither.`
  throw new FabricError('INVALID_ARGUMENT', message, { field: option })
}

/** As it can be found again from another directory. */
export function lastingName(place: LogPlace): string {
  return place.kind === 'file' ? `file:${resolve(place.data)}` : place.name
}

/** Throws INVALID_ARGUMENT when both are the same. */
export function refuseSame(from: LogPlace, to: LogPlace): void {
  const same =
    from.kind === 'file' && to.kind === 'file' ? resolve(from.data) === resolve(to.data) : from.name === to.name
  if (!same) return
  throw new FabricError('INVALID_ARGUMENT', '--from and --to name the same log. Name two.', { field: '--to' })
}

export interface PlaceOptions {
  /** Data directory of a node, whose copy has what the servers of a shared log have let go. */
  readonly data: string
  readonly driver: DriverOptions
  /** Copies from a shared log while nodes run on it. */
  readonly live?: boolean
  readonly warn: (message: string) => void
}

export interface OpenedSource {
  readonly entries: LogEntries
  /** Throws DATA_LOCKED when the log has grown since it was opened. */
  settled(): Promise<void>
  close(): Promise<void>
}

/** Opens a log to be read from its beginning to the end it has now. */
export function openSourcePlace(place: LogPlace, options: PlaceOptions): Promise<OpenedSource> {
  return place.kind === 'file' ? openFileSource(place.data, place.name) : openSharedSource(place.name, options)
}

/** The log of a data directory. Held, so that no fabric starts on it meanwhile, and not changed. */
async function openFileSource(data: string, describe: string): Promise<OpenedSource> {
  const log = join(data, 'log')
  if ((await stat(log).catch(() => undefined)) === undefined) {
    throw new FabricError('NOT_FOUND', `There is no log in ${data}. Name the data directory of a fabric.`, { data })
  }
  const mark = await readMark(data)
  if (mark?.state === 'incoming') {
    const message = `The log in ${data} is an incomplete copy of ${mark.other}. Complete that first, with the same command.`
    throw new FabricError('CONFLICT', message, { data, ...mark })
  }
  const [{ OwnerLock }, { readClosedLog }] = await Promise.all([
    import('../journal/file/lock.js'),
    import('../journal/file/closed-log.js'),
  ])
  const lock = await OwnerLock.acquire(data, 'copying its log')
  try {
    const { entries: size, read } = await readClosedLog(log)
    return { entries: { describe, size, read }, settled: async () => {}, close: () => lock.release() }
  } catch (error) {
    await lock.release()
    throw error
  }
}

async function openSharedSource(url: string, options: PlaceOptions): Promise<OpenedSource> {
  const { replicas: _, requireDurable: __, ...driver } = options.driver
  const copy = join(options.data, 'journal')
  // A node that runs holds its copy itself.
  const usable = options.live !== true && (await stat(copy).catch(() => undefined)) !== undefined
  const { journal, close } = await openShared(url, { ...options, driver }, usable ? copy : undefined)
  const { journalEntries } = await import('../witness/transfer/log-entries.js')
  const { size } = await journal.head()
  const settled = async () => {
    const now = await journal.head()
    if (options.live === true || now.size === size) return
    const message = `${url} has grown from ${size} to ${now.size} entries meanwhile. Stop all nodes on it, then run this again: it goes on where it stopped.`
    throw new FabricError('DATA_LOCKED', message, { url, size, grown: now.size })
  }
  return { entries: journalEntries(url, journal, size), settled, close }
}

export interface OpenedTarget extends CopyTarget {
  /** The log in it is whole and proved. */
  done(): Promise<void>
  close(): Promise<void>
}

/** Opens a place that takes the log of `source`. A data directory is marked as incomplete until it is done. */
export async function openTargetPlace(place: LogPlace, source: string, options: PlaceOptions): Promise<OpenedTarget> {
  if (place.kind === 'shared') {
    const { journal, close } = await openShared(place.name, { ...options, live: false }, undefined)
    const nothing = async () => {}
    return { describe: place.name, journal, begin: nothing, done: nothing, close }
  }
  const { data, name } = place
  const { FileJournal } = await import('../journal/file/file-journal.js')
  await createDataDirectory(data)
  const journal = new FileJournal({ directory: data, note: 'taking in a log' })
  await journal.open()
  return {
    describe: name,
    journal,
    begin: () => markLog(data, { state: 'incoming', other: source, at: formatTimestamp(Date.now()) }),
    done: () => unmarkLog(data),
    close: () => journal.close(),
  }
}

interface OpenedShared {
  readonly journal: Journal
  close(): Promise<void>
}

/** `copy`: what a node keeps on this machine, where that is to be used. */
async function openShared(url: string, options: PlaceOptions, copy: string | undefined): Promise<OpenedShared> {
  const { driver, live = false, warn } = options
  const directory = copy ?? (await mkdtemp(join(tmpdir(), 'ifab-log-')))
  const archive = copy !== undefined
  const closing: (() => Promise<void>)[] = archive ? [] : [() => rm(directory, { recursive: true, force: true })]
  const close = async () => {
    for (const step of closing.splice(0).reverse()) await step()
  }
  try {
    const { openSharedJournal } = await import('../journal/open.js')
    const settings = { ...driver, url, directory, archive, warn, report: (error: unknown) => warn(String(error)) }
    const { journal, membership } = await openSharedJournal(settings)
    closing.push(() => journal.close())
    closing.push(() => membership.leave())
    await journal.open()
    const nodes = await livingNodes(membership)
    if (nodes.length > 0 && !live) throw inUse(url, nodes)
    return { journal, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Nodes are seen by those that join them, so this process does, for a moment. */
async function livingNodes(membership: Membership): Promise<string[]> {
  const id = `copying.${hostname()}.${process.pid}`
  await membership.join({ id, url: '', link: '', version: packageVersion(), position: 0 })
  // Where nodes are known by their heartbeats only, each has sent one by then.
  await pause(2 * HEARTBEAT_MS)
  const { members } = membership.view()
  await membership.leave()
  // Others that copy, or were killed while they did, cannot be reached by a link.
  return members.filter(({ link }) => link !== '').map((member) => member.id)
}

function inUse(url: string, nodes: readonly string[]): FabricError {
  const message = `${url} is in use by ${nodes.join(', ')}. Stop these nodes first: \`ifab down\` on each machine. One that died is forgotten after ${MEMBER_TTL_MS / SECOND_MS} s.`
  return new FabricError('DATA_LOCKED', message, { url, nodes })
}
