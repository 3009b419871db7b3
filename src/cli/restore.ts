import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createDirectory, readIfThere, replaceFile } from '../journal/file/durable-file.js'
import { OwnerLock } from '../journal/file/lock.js'
import { FabricError } from '../model/errors.js'
import type { CheckedBackup } from '../witness/backup/read.js'
import { witnessDirectory } from '../witness/storage.js'
import type { MovedLog } from '../witness/transfer/move.js'
import { type Answer, answer } from './answer.js'
import { addDriverOptions, type DriverFlags, driverOptions } from './cluster.js'
import type { Call, CliCommand } from './command.js'
import { createDataDirectory } from './data-directory.js'
import type { LogPlace } from './log-place.js'
import { repeated } from './option-values.js'
import { counted } from './text.js'
import { unreadable } from './user-file.js'

interface RestoreOptions extends DriverFlags {
  readonly from: string
  readonly to: string
  readonly key?: readonly string[]
}

export function addRestoreCommand(program: CliCommand): void {
  const restore = program
    .command('restore')
    .description('make a fabric of a backup again, and prove that it holds what was signed')
    .requiredOption('--from <place>', 'directory or file that `ifab backup` wrote')
    .requiredOption('--to <place>', 'where to: file:DIR, nats://HOST:4222/NAME or etcd://HOST:2379/NAME')
    .option('--key <vkey>', 'verifier key that must have signed it; repeat it for several', repeated)
  addDriverOptions(restore).example('ifab restore --from /mnt/backup/build --to file:.infrafabric').does(run)
}

async function run(call: Call, options: RestoreOptions): Promise<Answer> {
  const { from } = options
  const found = await stat(from).catch((error) => {
    throw unreadable(from, error)
  })
  if (!found.isFile()) return restore(call, options, from)
  const { unpackBackup } = await import('../witness/backup/archive.js')
  // The log is read more than once and in order of its tiles.
  const unpacked = await mkdtemp(join(tmpdir(), 'ifab-restore-'))
  try {
    await unpackBackup(from, unpacked)
    return await restore(call, options, unpacked)
  } finally {
    await rm(unpacked, { recursive: true, force: true })
  }
}

async function restore(call: Call, options: RestoreOptions, directory: string): Promise<Answer> {
  const [{ openTargetPlace, parsePlace }, { readBackup }, { moveLog }, { parseVkey }] = await Promise.all([
    import('./log-place.js'),
    import('../witness/backup/read.js'),
    import('../witness/transfer/move.js'),
    import('../witness/note/verifier.js'),
  ])
  const place = parsePlace(options.to, '--to')
  const backup = await readBackup(directory, (options.key ?? []).map(parseVkey), options.from)
  const warn = (message: string) => call.terminal.err(`${message}\n`)
  const opening = { data: call.data, driver: driverOptions(options), warn }
  const target = await openTargetPlace(place, resolve(options.from), opening)
  try {
    const data = place.kind === 'file' ? place.data : call.data
    await refuseOther(backup, data)
    const moved = await moveLog(backup.entries, target, [backup.head])
    await restoreBeside(backup, place, data)
    await target.done()
    return restoreAnswer(backup, moved, place, data)
  } finally {
    await target.close()
  }
}

/** Throws CONFLICT when the data directory has the witness of another fabric, or one that went on. */
async function refuseOther(backup: CheckedBackup, data: string): Promise<void> {
  for (const [name, text] of witnessTexts(backup)) {
    const path = join(witnessDirectory(data), name)
    const there = await readIfThere(path)
    if (there !== undefined && there !== text) throw otherWitness(path)
  }
}

/** Puts what is not in the log where the fabric looks for it: into the data directory, for a shared log that of the first node. */
async function restoreBeside(backup: CheckedBackup, place: LogPlace, data: string): Promise<void> {
  // The journal of a data directory that takes the log holds it already.
  if (place.kind === 'file') return fill(backup, data)
  await createDataDirectory(data)
  const lock = await OwnerLock.acquire(data, 'taking in a backup')
  try {
    await fill(backup, data)
  } finally {
    await lock.release()
  }
}

async function fill(backup: CheckedBackup, data: string): Promise<void> {
  const { FileBlobStore } = await import('../witness/blob-store.js')
  const store = await FileBlobStore.open(join(data, 'blobs'))
  for (const sha256 of backup.blobs) await store.put(await backup.blob(sha256))
  const directory = witnessDirectory(data)
  await createDirectory(directory)
  for (const [name, text] of witnessTexts(backup)) await replaceFile(join(directory, name), text)
}

function witnessTexts({ keys, manifest }: CheckedBackup): (readonly [string, string])[] {
  return [...keys, ['checkpoint', manifest.checkpoint]]
}

function otherWitness(path: string): FabricError {
  const message = `${path} is there and is another one than in the backup. Restore into a new data directory.`
  return new FabricError('CONFLICT', message, { path })
}

function restoreAnswer(backup: CheckedBackup, moved: MovedLog, place: LogPlace, data: string): Answer {
  const { origin, manifest, blobs, keys } = backup
  const root = moved.root.toString('base64')
  const { size, kept, copied } = moved
  const value = { to: place.name, data, origin, size, kept, copied, root, blobs: blobs.length, keys: [...keys.keys()] }
  const lines = [
    `${place.name} holds the ${counted(size, 'entry', 'entries')} of ${origin} as of ${manifest.createdAt}, and ${data} ${counted(blobs.length, 'blob')}.`,
    `Read back, it has the root ${root}, which ${manifest.vkey} signed.`,
  ]
  if (manifest.blobs.missing.length > 0) {
    lines.push(
      `${counted(manifest.blobs.missing.length, 'blob')} that the log names were lost before the backup was made.`,
    )
  }
  if (keys.size === 0) lines.push(...keylessLines(place, data))
  const shared = place.kind === 'shared' ? ` --journal ${place.name} --cluster-secret FILE` : ''
  return answer(value, [...lines, `Next: ifab up --data ${data}${shared}`])
}

/** Without its key nobody can sign on: say what to do before the start says that something is missing. */
function keylessLines({ kind }: LogPlace, data: string): string[] {
  const path = join(data, 'witness', 'key')
  if (kind === 'shared') {
    return [`It has no key: use the secret that the nodes had, or put the key back as ${path} (mode 600).`]
  }
  return [
    `It has no key: put that back as ${path} (mode 600), or begin a new identity with \`ifab witness reset --data ${data}\`.`,
  ]
}
