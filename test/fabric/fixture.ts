import type { CommandOf, CommandType, Replies } from '../../src/coordinator/commands.js'
import type { Fabric, PublishedEntry } from '../../src/fabric/fabric.js'
import { MemoryJournal } from '../../src/journal/memory/memory-journal.js'
import { ADMIN_ACTOR } from '../../src/model/entry.js'
import { makeRegistration, makeTask } from '../../src/testing/factories.js'
import { FaultyJournal } from '../../src/testing/faulty-journal.js'
import { openTestFabric, type TestFabric, type TestFabricOptions } from '../../src/testing/test-fabric.js'

export interface Fixture extends TestFabric, AsyncDisposable {
  readonly journal: FaultyJournal
  send<Type extends CommandType>(command: CommandOf<Type>, idempotencyKey?: string): Promise<Replies[Type]>
  create(...ids: string[]): Promise<void>
  register(...ids: string[]): Promise<void>
  claim(task: string, swarm: string): Promise<Replies['claim_task']>
}

/** A fabric on a journal whose appends fail as a test scripts it. Pass the same journal again for a restart. */
export async function openFixture(options: TestFabricOptions & { journal?: FaultyJournal } = {}): Promise<Fixture> {
  const journal = options.journal ?? new FaultyJournal(new MemoryJournal())
  const opened = await openTestFabric({ ...options, journal })
  const send: Fixture['send'] = (command, idempotencyKey) =>
    opened.fabric.submit(command, { actor: ADMIN_ACTOR, ...(idempotencyKey !== undefined && { idempotencyKey }) })
  return {
    ...opened,
    journal,
    send,
    create: async (...ids) => {
      await Promise.all(ids.map((id) => send({ type: 'create_task', task: makeTask(id) })))
    },
    register: async (...ids) => {
      await Promise.all(ids.map((id) => send(makeRegistration(id))))
    },
    claim: (task, swarm) => send({ type: 'claim_task', task, swarm }),
    [Symbol.asyncDispose]: () => opened.fabric.close(),
  }
}

/** Type and subject of each entry in the log, from an index on. */
export async function logOf({ journal }: { journal: TestFabric['journal'] }, from = 0): Promise<string[]> {
  const entries: string[] = []
  for await (const chunk of journal.read(from)) {
    for (const { bytes } of chunk) {
      const event = JSON.parse(Buffer.from(bytes).toString())
      entries.push(`${event.type.split('.')[2]} ${event.subject}`)
    }
  }
  return entries
}

/** The rows of the state as text, in an order of their own. */
export function rowsOf(fabric: Fabric): Promise<string[]> {
  return fabric.read((state) => [...state.rows()].map((row) => JSON.stringify(row)).sort())
}

/** Collects entries until `count` are there. */
export async function collect(fabric: Fabric, count: number, from?: number): Promise<PublishedEntry[]> {
  const entries: PublishedEntry[] = []
  const ending = new AbortController()
  for await (const batch of fabric.follow(ending.signal, from)) {
    entries.push(...batch)
    if (entries.length >= count) ending.abort()
  }
  return entries
}

/** Lets everything that waits for nothing but its turn happen. */
export async function settle(turns = 20): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate)
}

/** Code of the refusal; fails when there is none. */
export async function codeOf(answer: Promise<unknown>): Promise<unknown> {
  return answer.then(
    () => 'accepted',
    (error) => error.code,
  )
}
