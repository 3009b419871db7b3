import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { storageFailed } from '../../journal/file/disk.js'
import { createDirectory, replaceFile } from '../../journal/file/durable-file.js'
import { FabricError } from '../../model/errors.js'
import { digestOf } from '../blob-store/content.js'
import { FileBlobStore } from '../blob-store.js'
import type { Checkpoint } from '../note/checkpoint.js'
import { directorySource } from '../verify/directory-source.js'
import { exportLog } from '../verify/export.js'
import type { LogSource } from '../verify/source.js'
import { checkLog } from './checked-log.js'
import {
  BLOB_DIRECTORY,
  formatManifest,
  KEY_DIRECTORY,
  type KeyFile,
  LOG_DIRECTORY,
  MANIFEST_FILE,
  type Manifest,
} from './manifest.js'
import type { NamedBlobs } from './named-blobs.js'

export interface BackupOptions {
  readonly source: LogSource
  readonly directory: string
  /** Content of a blob; undefined when it is not there. */
  readonly blob: (sha256: string) => Promise<Buffer | undefined>
  /** Texts of the key files, read once the log is there; absent for a backup without keys. */
  readonly keys?: (checkpoint: string) => Promise<ReadonlyMap<KeyFile, string>>
  /** RFC 3339. */
  readonly createdAt: string
  /** Version of the program. */
  readonly program: string
}

export interface WrittenBackup {
  readonly head: Checkpoint
  /** Entries that came now; the others were there. */
  readonly fetched: number
  readonly blobs: Manifest['blobs']
  /** Blobs that came now. */
  readonly newBlobs: number
  readonly keys: readonly KeyFile[]
}

/**
 * Writes a backup, or brings one up to date: only what is new is fetched. It is read back and judged as a restore would,
 * then the manifest is replaced; until then the backup stays the older one. Throws as `exportLog` and `checkLog`.
 */
export async function writeBackup(options: BackupOptions): Promise<WrittenBackup> {
  const { source, directory, createdAt, program } = options
  await prepare(directory)
  const log = join(directory, LOG_DIRECTORY)
  const { fetched } = await exportLog(source, log)
  const exported = directorySource(log)
  const checkpoint = Buffer.from(await exported.checkpoint()).toString()
  const vkey = await exported.vkey()
  if (vkey === undefined) throw keyless(source)
  const named = { checkpoint, vkey }
  const checked = await checkLog({ directory, name: directory }, named, [])
  const store = await FileBlobStore.open(join(directory, BLOB_DIRECTORY))
  const { newBlobs, ...blobs } = await gatherBlobs(store, checked.blobs, options.blob)
  const keys = await writeKeys(directory, (await options.keys?.(checkpoint)) ?? new Map())
  const manifest = formatManifest({ createdAt, program, ...named, blobs, keys })
  await replaceFile(join(directory, MANIFEST_FILE), manifest)
  // What was deleted in the fabric is not to live on in its backups.
  for (const sha256 of checked.blobs.deleted) await store.delete(sha256)
  return { head: checked.head, fetched, blobs, newBlobs, keys: Object.keys(keys) as KeyFile[] }
}

function keyless({ describe }: LogSource): FabricError {
  const message = `${describe} does not say which key signs it. Start the fabric once, then make the backup.`
  return new FabricError('NOT_FOUND', message, { source: describe })
}

/** It holds the whole log: nobody else may look into it. */
async function prepare(directory: string): Promise<void> {
  await createDirectory(directory)
  const { mode } = await stat(directory).catch((error) => {
    throw storageFailed('Reading', directory, error)
  })
  if ((mode & 0o077) === 0 || process.platform === 'win32') return
  const message = `Others may enter ${directory}, and a backup is for nobody else. Run \`chmod 700 ${directory}\`, or name a new directory.`
  throw new FabricError('FORBIDDEN', message, { directory })
}

async function gatherBlobs(store: FileBlobStore, { present }: NamedBlobs, read: BackupOptions['blob']) {
  const missing: string[] = []
  let newBlobs = 0
  let bytes = 0
  for (const [sha256, length] of present) {
    if ((await store.get(sha256).catch(() => undefined)) === undefined) {
      const content = await read(sha256)
      if (content === undefined || digestOf(content) !== sha256) {
        missing.push(sha256)
        continue
      }
      await store.put(content)
      newBlobs += 1
    }
    bytes += length
  }
  return { count: present.size - missing.length, bytes, missing, newBlobs }
}

async function writeKeys(directory: string, keys: ReadonlyMap<KeyFile, string>): Promise<Manifest['keys']> {
  const digests: Partial<Record<KeyFile, string>> = {}
  if (keys.size === 0) return digests
  const place = join(directory, KEY_DIRECTORY)
  await mkdir(place, { recursive: true, mode: 0o700 }).catch((error) => {
    throw storageFailed('Creating', place, error)
  })
  for (const [name, text] of keys) {
    await replaceFile(join(place, name), text)
    digests[name] = digestOf(Buffer.from(text))
  }
  return digests
}
