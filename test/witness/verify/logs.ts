import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatCheckpoint } from '../../../src/witness/note/checkpoint.js'
import { formatNote } from '../../../src/witness/note/note.js'
import { NoteSigner } from '../../../src/witness/note/signer.js'
import { parseVkey } from '../../../src/witness/note/verifier.js'
import { MemoryHashStore } from '../../../src/witness/tree/hash-store.js'
import { TILE_WIDTH } from '../../../src/witness/tree/tile.js'
import { MerkleTree } from '../../../src/witness/tree/tree.js'
import { directorySource } from '../../../src/witness/verify/directory-source.js'
import { exportLog } from '../../../src/witness/verify/export.js'
import { Marks } from '../../../src/witness/verify/marks.js'
import type { LogSource } from '../../../src/witness/verify/source.js'
import { type Verification, type VerifyOptions, verifySource } from '../../../src/witness/verify/verify.js'

export const ORIGIN = 'log.example'
export const signer = NoteSigner.generate(ORIGIN)

/** `count` entries that differ from those of another `kind`. */
export function entriesOf(count: number, kind = 'entry'): Buffer[] {
  return Array.from({ length: count }, (_, index) => Buffer.from(`{"id":"${index}","kind":"${kind}"}`))
}

export interface LogOptions {
  readonly entries: readonly Uint8Array[]
  readonly origin?: string
  /** Signature lines for the text of the checkpoint. */
  readonly sign?: (text: string) => readonly string[]
}

/** A log in memory whose tree is the one that fabrics use. */
export async function memoryLog({ entries, origin = ORIGIN, sign }: LogOptions): Promise<LogSource> {
  const tree = await MerkleTree.open(new MemoryHashStore())
  for (const entry of entries) tree.append(entry)
  await tree.flush()
  const text = formatCheckpoint({ origin, size: entries.length, root: tree.head() })
  const lines = sign === undefined ? [signer.sign(text)] : sign(text)
  return {
    describe: 'memory',
    derivedTiles: false,
    checkpoint: async () => Buffer.from(lines.length === 0 ? text : formatNote(text, lines)),
    vkey: async () => signer.vkey,
    tile: (level, index, width) => tree.tile(level, index, width),
    bundle: async (index, width) => entries.slice(index * TILE_WIDTH, index * TILE_WIDTH + width),
    close: async () => {},
  }
}

/** A directory of one test, with a log that was exported into it and the marks of one user. */
export class Place implements AsyncDisposable {
  readonly directory: string

  private constructor(directory: string) {
    this.directory = directory
  }

  static async open(): Promise<Place> {
    return new Place(await mkdtemp(join(tmpdir(), 'ifab-verify-')))
  }

  path(...names: string[]): string {
    return join(this.directory, ...names)
  }

  /** Exports a log of these entries and returns where to. */
  async export(options: LogOptions, name = 'log'): Promise<string> {
    await exportLog(await memoryLog(options), this.path(name))
    return this.path(name)
  }

  async verify(options: Partial<VerifyOptions> = {}): Promise<Verification> {
    const marks = await Marks.open(this.path('marks.json'))
    const trust = { keys: [parseVkey(signer.vkey)], from: 'given' as const }
    return verifySource({ source: directorySource(this.path('log')), trust, marks, now: 0, ...options })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, { recursive: true, force: true })
  }
}

/** `status code` of each verdict. */
export function outcome({ verdicts }: Verification): Record<string, string> {
  return Object.fromEntries(Object.entries(verdicts).map(([name, { status, code }]) => [name, `${status} ${code}`]))
}
