import { chmod, readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { storageFailed } from '../../journal/file/disk.js'
import { createDirectory, readIfThere, replaceFile } from '../../journal/file/durable-file.js'
import { OwnerLock } from '../../journal/file/lock.js'
import { FabricError } from '../../model/errors.js'
import type { Clock } from '../../model/time.js'
import { CosignatureSigner } from '../note/signer.js'
import type { Verifier } from '../note/verifier.js'
import { Cosigner } from './cosigner.js'
import { FileCosignerStore } from './store.js'

export interface OpenCosignerOptions {
  /** The data directory; it is made when it is missing. A fabric may have the same one. */
  readonly data: string
  /** Name of the key, needed at the first start. */
  readonly name?: string
  readonly logs: readonly Verifier[]
  readonly clock?: Clock
}

export interface OpenedCosigner {
  readonly cosigner: Cosigner
  readonly name: string
  /** Tells who finds the directory locked where this process listens. */
  annotate(note: string): Promise<void>
  /** Lets requests under way end and releases the directory. */
  close(): Promise<void>
}

/**
 * Opens the cosigner of a data directory, whose only process this becomes, and makes its key at the first start.
 * Throws DATA_LOCKED, CONFLICT for another name than that of its key, DATA_CORRUPT for a key that is lost or damaged.
 */
export async function openCosigner(options: OpenCosignerOptions): Promise<OpenedCosigner> {
  const { data, name, logs, clock = Date } = options
  const directory = resolve(data, 'cosigner')
  await createDirectory(directory)
  const lock = await OwnerLock.acquire(directory, 'starting')
  try {
    const signer = await openKey(directory, name)
    const cosigner = new Cosigner({ signer, logs, store: new FileCosignerStore(directory), clock })
    const close = async () => {
      await cosigner.idle()
      await lock.release()
    }
    return { cosigner, name: signer.name, annotate: (note) => lock.annotate(note), close }
  } catch (error) {
    await lock.release()
    throw error
  }
}

async function openKey(directory: string, name: string | undefined): Promise<CosignatureSigner> {
  const path = join(directory, 'key')
  const stored = await readIfThere(path)
  if (stored === undefined) return createKey(directory, path, name)
  // A copy or a restored backup may have widened it.
  await chmod(path, 0o600).catch((error) => {
    throw storageFailed('Protecting', path, error)
  })
  const signer = readKey(path, stored)
  if (name === undefined || name === signer.name) return signer
  const message = `The key of this witness is named ${signer.name} and keeps its name. Leave --name out, or use another --data.`
  throw new FabricError('CONFLICT', message, { path, name: signer.name })
}

function readKey(path: string, stored: string): CosignatureSigner {
  try {
    return CosignatureSigner.parse(stored.trim())
  } catch (cause) {
    const message = `${path} is not a cosigning key. Restore it from a backup.`
    throw new FabricError('DATA_CORRUPT', message, { path }, { cause })
  }
}

async function createKey(directory: string, path: string, name: string | undefined): Promise<CosignatureSigner> {
  if ((await readdir(directory)).some((file) => /^[0-9a-f]{64}$/.test(file))) {
    const message = `${path} is missing, although checkpoints were cosigned with it. Restore it from a backup.`
    throw new FabricError('DATA_CORRUPT', message, { path })
  }
  if (name === undefined) {
    const message = 'A new witness needs a name, such as witness.example/w1. Give it with --name.'
    throw new FabricError('INVALID_ARGUMENT', message, { field: 'name' })
  }
  const signer = CosignatureSigner.generate(name)
  await replaceFile(path, `${signer.skey}\n`)
  return signer
}
