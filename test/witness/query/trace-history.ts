import { treeLines } from '../../../src/cli/witness-trace.js'
import type { CommandOf, CommandType, Replies } from '../../../src/coordinator/commands.js'
import type { StoredEntry } from '../../../src/journal/journal.js'
import { ADMIN_ACTOR } from '../../../src/model/entry.js'
import type { TaskSpec } from '../../../src/model/task.js'
import {
  makeRegistration,
  makeTask,
  memoryStorage,
  openTestFabric,
  type TestFabric,
  type TestFabricOptions,
} from '../../../src/testing/index.js'
import { parseEntry } from '../../../src/witness/query/facts.js'
import { type EntryFilter, matches } from '../../../src/witness/query/filter.js'
import { type Trace, type TraceKind, traceOf } from '../../../src/witness/query/trace.js'
import type { Ask } from '../../../src/witness/query/trace-reader.js'

/** A fabric in which a test makes history, and the traces of its log. */
export interface History extends TestFabric, AsyncDisposable {
  send<Type extends CommandType>(command: CommandOf<Type>, actor?: string, more?: Call): Promise<Replies[Type]>
  /** The code of the error that a command ends with. */
  refusal(command: CommandOf<CommandType>, actor?: string): Promise<unknown>
  register(...ids: string[]): Promise<void>
  create(id: string, changes?: Partial<TaskSpec>): Promise<void>
  /** Creates tasks of one board in one go. */
  importBoard(board: string, ...tasks: TaskSpec[]): Promise<void>
  claim(task: string, swarm: string): Promise<number>
  complete(task: string, swarm: string, epoch: number): Promise<void>
  trace(id: string, as?: TraceKind): Promise<Trace>
  /** The tree as it is drawn. */
  tree(id: string, as?: TraceKind): Promise<string[]>
}

interface Call {
  readonly traceparent?: string
  readonly idempotencyKey?: string
}

export async function makeHistory(options: TestFabricOptions = {}): Promise<History> {
  const opened = await openTestFabric({ witness: memoryStorage(), ...options })
  const { fabric } = opened
  const send: History['send'] = (command, actor = ADMIN_ACTOR, more = {}) => fabric.submit(command, { actor, ...more })
  const trace: History['trace'] = (id, as) => traceOf((filter, page) => fabric.witness.query(filter, page), id, as)
  return {
    ...opened,
    send,
    trace,
    refusal: (command, actor) =>
      send(command, actor).then(
        () => undefined,
        (error) => error.code,
      ),
    register: async (...ids) => {
      for (const id of ids) await send(makeRegistration(id))
    },
    create: async (id, changes) => {
      await send({ type: 'create_task', task: makeTask(id, changes) })
    },
    importBoard: async (board, ...tasks) => {
      await send({ type: 'import_board', board, tasks: tasks.map((spec) => ({ spec })), dryRun: false })
    },
    claim: async (task, swarm) => (await send({ type: 'claim_task', task, swarm }, `swarm:${swarm}`)).epoch,
    complete: async (task, swarm, epoch) => {
      await send({ type: 'complete_task', task, swarm, epoch, evidence: [] }, `swarm:${swarm}`)
    },
    tree: async (id, as) => drawn(await trace(id, as)),
    [Symbol.asyncDispose]: () => fabric.close(),
  }
}

/** The lines, with minutes and seconds only of the times, which all lie in the first hour of the clock. */
export function drawn({ root }: Trace): string[] {
  return treeLines(root).map((line) => line.replace(/(#\d+) 2026-01-01 00:(\d\d:\d\d)Z/, '$1 $2'))
}

/** What a log would hold that no fabric writes. */
export interface MadeEntry {
  readonly name: string
  readonly subject: string
  readonly data?: object
  readonly actor?: string
  readonly traceparent?: string
}

/** A log of made entries, one each second, read by looking at all of them. */
export function askOf(made: readonly MadeEntry[]): Ask {
  const log = made.map(storedEntry).map((stored) => ({ stored, entry: parseEntry(stored.index, stored.bytes) }))
  const matching = new Map<EntryFilter, typeof log>()
  return async (filter, { from, limit }) => {
    const all = matching.get(filter) ?? log.filter(({ entry }) => matches(entry, filter))
    matching.set(filter, all)
    const found = all.filter(({ entry }) => entry.index >= from)
    const entries = found.slice(0, limit).map(({ stored }) => stored)
    const done = found.length <= limit
    return { entries, next: done ? log.length : (entries.at(-1)?.index ?? from) + 1, size: log.length, done }
  }
}

const START = Date.UTC(2026, 0, 1)

function storedEntry(
  { name, subject, data = {}, actor = ADMIN_ACTOR, traceparent }: MadeEntry,
  index: number,
): StoredEntry {
  const event = {
    specversion: '1.0',
    id: String(index),
    source: '/fabrics/made',
    type: `infrafabric.coordinator.${name}.v1`,
    subject,
    time: new Date(START + index * 1_000).toISOString(),
    actor,
    ...(traceparent !== undefined && { traceparent }),
    data,
  }
  return { index, bytes: Buffer.from(JSON.stringify(event)) }
}
