import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { readIfThere } from '../journal/file/durable-file.js'
import { FabricError, isFabricError } from '../model/errors.js'
import { formatTimestamp, SECOND_MS } from '../model/time.js'
import type { KeyFile } from '../witness/backup/manifest.js'
import type { WrittenBackup } from '../witness/backup/write.js'
import type { LogSource } from '../witness/verify/source.js'
import { type Answer, answer } from './answer.js'
import type { Call, CliCommand } from './command.js'
import { counted } from './text.js'
import { packageVersion } from './version.js'

interface BackupOptions {
  readonly to: string
  readonly withKeys?: boolean
}

export function addBackupCommand(program: CliCommand): void {
  program
    .command('backup')
    .description('write the log, as it is signed, and its blobs into a directory; the fabric may run')
    .requiredOption('--to <place>', 'directory, which is brought up to date; or FILE.tar for one file, written anew')
    .option('--with-keys', 'with the key that signs: whoever has the backup can then sign in the name of the fabric')
    .example('ifab backup --to /mnt/backup/build')
    .does(run)
}

async function run(call: Call, { to, withKeys = false }: BackupOptions): Promise<Answer> {
  const [{ openSource }, { writeBackup }, { packBackup }] = await Promise.all([
    import('./witness-source.js'),
    import('../witness/backup/write.js'),
    import('../witness/backup/archive.js'),
  ])
  const { source } = await openSource(call, undefined)
  try {
    const before = source.derivedTiles ? await source.entries?.() : await signedUpTo(call, source)
    const directory = isArchive(to) ? `${to}.unfinished` : to
    const written = await writeBackup({
      source,
      directory,
      blob: await blobsOf(call, source),
      ...(withKeys && { keys: (checkpoint: string) => readKeys(call.data, checkpoint) }),
      createdAt: formatTimestamp(Date.now()),
      program: packageVersion(),
    })
    if (isArchive(to)) {
      await packBackup(directory, to)
      // Kept until then, so that a backup that was interrupted goes on.
      await rm(directory, { recursive: true })
    }
    const unsigned = Math.max(0, (before ?? 0) - written.head.size)
    return backupAnswer(to, source, written, unsigned)
  } finally {
    await source.close()
  }
}

function isArchive(to: string): boolean {
  return to.endsWith('.tar')
}

const SIGNED_WITHIN_MS = 5 * SECOND_MS
const LOOK_AGAIN_MS = 100

/**
 * Waits until a head is signed that covers what was acknowledged before this was called, which takes a moment; returns how
 * many entries that is. A quorum of witnesses may take longer: then what is not covered is told.
 */
async function signedUpTo(call: Call, source: LogSource): Promise<number> {
  const [fabric, { readCheckpointFile }] = await Promise.all([
    call.connect(),
    import('../witness/verify/checkpoint-file.js'),
  ])
  const { entries } = await fabric.fabric.status()
  for (const end = Date.now() + SIGNED_WITHIN_MS; Date.now() < end; await pause(LOOK_AGAIN_MS)) {
    const { checkpoint } = readCheckpointFile(await source.checkpoint())
    if (checkpoint !== undefined && checkpoint.size >= entries) break
  }
  return entries
}

/** Blobs of a fabric that runs come from it; those of one that does not, from its directory. */
async function blobsOf(call: Call, source: LogSource): Promise<(sha256: string) => Promise<Buffer | undefined>> {
  if (source.derivedTiles) {
    const { FileBlobStore } = await import('../witness/blob-store.js')
    const store = FileBlobStore.reading(join(call.data, 'blobs'))
    return (sha256) => unlessLost(store.get(sha256))
  }
  const fabric = await call.connect()
  return (sha256) => unlessLost(fabric.blob.show({ sha256 }).then(({ content }) => Buffer.from(content, 'base64')))
}

/** What is lost in the fabric is no reason to back up nothing: it is told. */
async function unlessLost(content: Promise<Buffer | undefined>): Promise<Buffer | undefined> {
  return content.catch((error) => {
    if (isFabricError(error, 'NOT_FOUND') || isFabricError(error, 'DATA_CORRUPT')) return undefined
    throw error
  })
}

async function readKeys(data: string, checkpoint: string): Promise<ReadonlyMap<KeyFile, string>> {
  const [{ KEY_FILES }, { witnessDirectory }, { openCheckpoint }, { NoteSigner }] = await Promise.all([
    import('../witness/backup/manifest.js'),
    import('../witness/storage.js'),
    import('../witness/note/checkpoint.js'),
    import('../witness/note/signer.js'),
  ])
  const directory = witnessDirectory(data)
  const keys = new Map<KeyFile, string>()
  for (const name of KEY_FILES) {
    const text = await readIfThere(join(directory, name))
    if (text !== undefined) keys.set(name, text)
  }
  const [skey] = keys.get('key')?.split('\n') ?? []
  if (skey === undefined) {
    const message = `There is no signing key in ${directory}. Name the data directory of the fabric with --data, on its machine.`
    throw new FabricError('NOT_FOUND', message, { directory })
  }
  try {
    openCheckpoint(checkpoint, [NoteSigner.parse(skey).verifier])
    return keys
  } catch (cause) {
    const message = `The key in ${directory} is not the one that signed what was backed up. If it was rotated just now, run this again; else name the right data directory with --data.`
    throw new FabricError('CONFLICT', message, { directory }, { cause })
  }
}

function backupAnswer(to: string, source: LogSource, written: WrittenBackup, unsigned: number): Answer {
  const { head, fetched, blobs, newBlobs, keys } = written
  const { origin, size, root } = head
  const value = {
    ...{ to, source: source.describe, origin, size, root: root.toString('base64'), fetched, unsigned },
    ...{ blobs, newBlobs, keys },
  }
  const lines = [
    `${to} holds ${counted(size, 'entry', 'entries')} of ${origin} and ${counted(blobs.count, 'blob')}; ${fetched} entries and ${counted(newBlobs, 'blob')} came now.`,
    `Read back, it has the root ${value.root}, which the fabric signed.`,
    keys.length === 0
      ? 'It has no keys: keep those of the data directory elsewhere, or add them with --with-keys.'
      : `It has the key that signs (${keys.join(', ')}): keep it where nobody else can read it.`,
  ]
  if (unsigned > 0) {
    lines.push(
      `${counted(unsigned, 'entry is', 'entries are')} not signed yet and not in it: see that the fabric runs, then do this again.`,
    )
  }
  if (blobs.missing.length > 0) {
    lines.push(
      `${counted(blobs.missing.length, 'blob')} could not be read in the fabric and are not in it: ${blobs.missing[0]} ...`,
    )
  }
  return answer(value, lines)
}
