import { join } from 'node:path'
import { readIfThere } from '../../journal/file/durable-file.js'
import { FabricError } from '../../model/errors.js'
import { digestOf } from '../blob-store/content.js'
import { FileBlobStore } from '../blob-store.js'
import type { Verifier } from '../note/verifier.js'
import { bundleEntries, type LogEntries } from '../transfer/log-entries.js'
import type { SignedHead } from '../transfer/move.js'
import { checkLog, unusable } from './checked-log.js'
import { BLOB_DIRECTORY, KEY_DIRECTORY, type KeyFile, MANIFEST_FILE, type Manifest, parseManifest } from './manifest.js'

/** A backup of which everything was checked. */
export interface CheckedBackup {
  readonly manifest: Manifest
  readonly origin: string
  readonly entries: LogEntries
  readonly head: SignedHead
  /** Digests of the blobs that are in it. */
  readonly blobs: readonly string[]
  blob(sha256: string): Promise<Buffer>
  readonly keys: ReadonlyMap<KeyFile, string>
}

/**
 * Reads a backup and checks all of it: every entry by its signed root, every blob that the log names by its digest, keys by
 * the manifest. `name` is what people know it by. `trusted`: verifier keys of which one must have signed it; without any, the one that it names itself.
 * Throws NOT_FOUND when there is none, DATA_CORRUPT or PROOF_INVALID with what is wrong.
 */
export async function readBackup(
  directory: string,
  trusted: readonly Verifier[],
  name = directory,
): Promise<CheckedBackup> {
  const manifest = await readManifest(directory, name)
  const { source, head, blobs } = await checkLog({ directory, name }, manifest, trusted)
  const store = FileBlobStore.reading(join(directory, BLOB_DIRECTORY))
  const missing = new Set(manifest.blobs.missing)
  const kept = [...blobs.present.keys()].filter((sha256) => !missing.has(sha256))
  const blob = async (sha256: string) => {
    const content = await store.get(sha256)
    if (content !== undefined) return content
    throw unusable(name, `The blob ${sha256} is not in it.`, { sha256 })
  }
  for (const sha256 of kept) await blob(sha256)
  return {
    manifest,
    origin: head.origin,
    entries: { ...bundleEntries(source, head.size), describe: name },
    head: { describe: name, size: head.size, root: head.root },
    blobs: kept,
    blob,
    keys: await readKeys(directory, name, manifest),
  }
}

async function readManifest(directory: string, name: string): Promise<Manifest> {
  const path = join(directory, MANIFEST_FILE)
  const text = await readIfThere(path)
  if (text !== undefined) return parseManifest(join(name, MANIFEST_FILE), Buffer.from(text))
  const message = `There is no backup in ${name}: it has no ${MANIFEST_FILE}, which \`ifab backup\` writes last. Check the path.`
  throw new FabricError('NOT_FOUND', message, { directory: name })
}

async function readKeys(directory: string, backup: string, { keys }: Manifest): Promise<ReadonlyMap<KeyFile, string>> {
  const texts = new Map<KeyFile, string>()
  for (const [name, digest] of Object.entries(keys) as [KeyFile, string][]) {
    const text = await readIfThere(join(directory, KEY_DIRECTORY, name))
    if (text === undefined) throw unusable(backup, `The key file ${KEY_DIRECTORY}/${name} is not in it.`)
    if (digestOf(Buffer.from(text)) !== digest) {
      throw unusable(backup, `The key file ${KEY_DIRECTORY}/${name} is not what was backed up.`)
    }
    texts.set(name, text)
  }
  return texts
}
