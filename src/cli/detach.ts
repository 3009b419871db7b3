import { type ChildProcess, spawn } from 'node:child_process'
import { open, rename, stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { storageFailed } from '../journal/file/disk.js'
import { FabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import { createDataDirectory, logPath } from './data-directory.js'
import { fromReport } from './failure.js'
import type { RunningFabric, StartOutcome } from './terminal.js'

/** Starts `ifab up` with these arguments in the background and resolves when it listens. */
export async function startDetached(data: string, args: readonly string[]): Promise<RunningFabric> {
  await createDataDirectory(data)
  const path = logPath(data)
  const log = await openLog(path)
  try {
    const main = fileURLToPath(new URL('main.js', import.meta.url))
    const child = spawn(process.execPath, [main, 'up', '--data', data, ...args], {
      detached: true,
      stdio: ['ignore', log.fd, log.fd, 'ipc'],
    })
    const outcome = await outcomeOf(child, path)
    if ('failed' in outcome) throw fromReport(outcome.failed)
    return outcome.started
  } finally {
    await log.close()
  }
}

/** A log that has grown large becomes `ifab.log.1`, in place of the one before. */
async function openLog(path: string) {
  try {
    const size = await stat(path).then(
      (found) => found.size,
      () => 0,
    )
    if (size > LIMITS.serverLogBytes) await rename(path, `${path}.1`)
    return await open(path, 'a', 0o600)
  } catch (error) {
    throw storageFailed('Opening', path, error)
  }
}

function outcomeOf(child: ChildProcess, log: string): Promise<StartOutcome> {
  return new Promise((resolve, reject) => {
    child.once('message', (outcome: StartOutcome) => {
      child.unref()
      resolve(outcome)
    })
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      const how = signal ?? `exit code ${code}`
      reject(new FabricError('UNAVAILABLE', `The fabric ended while it started (${how}). Read ${log}.`, { log }))
    })
  })
}
