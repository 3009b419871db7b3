import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Fabric } from '../../src/fabric/fabric.js'
import { openFabric } from '../../src/fabric/open.js'
import { FileJournal } from '../../src/journal/file/file-journal.js'
import { ADMIN_ACTOR } from '../../src/model/entry.js'
import { makeTask } from '../../src/testing/factories.js'
import { FakeTiming } from '../../src/testing/fake-timing.js'
import { openStorage } from '../../src/witness/storage.js'
import { decodeBundle } from '../../src/witness/tree/bundle.js'
import { forgeRecord } from '../support/forge-record.js'

export interface Running extends AsyncDisposable {
  readonly fabric: Fabric
  readonly timing: FakeTiming
  /** Faults that no caller was waiting for. */
  readonly faults: unknown[]
  /** Creates tasks in one command. */
  create(...ids: string[]): Promise<void>
  /** Type and subject of each entry, as the witness serves them. */
  log(): Promise<string[]>
}

/** A data directory of one test, and its copies. */
export class WitnessPlace {
  readonly #root: string
  #copies = 0
  readonly data: string

  private constructor(root: string, data: string) {
    this.#root = root
    this.data = data
  }

  static async create(): Promise<WitnessPlace> {
    const root = await mkdtemp(join(tmpdir(), 'ifab-witness-'))
    return new WitnessPlace(root, join(root, 'data'))
  }

  remove(): Promise<void> {
    return rm(this.#root, { recursive: true, force: true })
  }

  /** Starts the fabric of the directory with a clock that stands still: it signs only when it is asked. */
  async open(): Promise<Running> {
    const faults: unknown[] = []
    const report = (error: unknown) => faults.push(error)
    const timing = new FakeTiming()
    const fabric = await openFabric({
      journal: new FileJournal({ directory: this.data, segmentBytes: 65_536 }),
      name: 'log.example',
      timing,
      report,
      witness: { open: async () => ({ storage: await openStorage(this.data, report) }) },
    })
    return {
      fabric,
      timing,
      faults,
      create: async (...ids) => {
        const tasks = ids.map((id) => ({ spec: makeTask(id) }))
        const command = { type: 'import_board', board: ids[0] ?? '', tasks, dryRun: false } as const
        await fabric.submit(command, { actor: ADMIN_ACTOR })
      },
      log: () => logOf(fabric),
      [Symbol.asyncDispose]: () => fabric.close(),
    }
  }

  /** What a crash of the running fabric would leave at this moment. */
  async crashed(): Promise<WitnessPlace> {
    this.#copies += 1
    const copy = new WitnessPlace(this.#root, join(this.#root, `copy-${this.#copies}`))
    await cp(this.data, copy.data, { recursive: true })
    for (const name of await readdir(copy.data)) if (name.startsWith('owner.')) await rm(join(copy.data, name))
    return copy
  }

  path(name: string): string {
    return join(this.data, name)
  }

  /** Flips one bit of each of some bytes of a file. */
  async flip(name: string, ...offsets: number[]): Promise<void> {
    const bytes = await readFile(this.path(name))
    for (const offset of offsets) bytes.writeUInt8(bytes.readUInt8(offset) ^ 1, offset)
    await writeFile(this.path(name), bytes)
  }

  /** Replaces a text in the last segment by one of the same length and mends the checksum of its record. */
  async forge(text: string, other: string): Promise<void> {
    const path = this.path(await this.lastSegment())
    const bytes = await readFile(path)
    forgeRecord(bytes, text, other)
    await writeFile(path, bytes)
  }

  /** Leaves only half of what was written last into the log. */
  async tear(from: number): Promise<void> {
    const name = await this.lastSegment()
    const bytes = await readFile(this.path(name))
    const end = usedBytes(bytes)
    await writeFile(this.path(name), bytes.fill(0, Math.floor((from + end) / 2)))
  }

  /** Bytes of the last segment that are in use. */
  async written(): Promise<number> {
    return usedBytes(await readFile(this.path(await this.lastSegment())))
  }

  async lastSegment(): Promise<string> {
    const names = (await readdir(this.path('log'))).filter((name) => name.endsWith('.log')).sort()
    return join('log', names.at(-1) ?? '')
  }
}

function usedBytes(content: Buffer): number {
  return content.findLastIndex((byte) => byte !== 0) + 1
}

async function logOf({ witness }: Fabric): Promise<string[]> {
  const lines: string[] = []
  for (let first = 0; first < witness.size; first += 256) {
    const width = Math.min(256, witness.size - first)
    for (const bytes of decodeBundle(await witness.bundle(first / 256, width), width)) {
      const { type, subject } = JSON.parse(Buffer.from(bytes).toString())
      lines.push(`${type.split('.')[2]} ${subject}`)
    }
  }
  return lines
}
