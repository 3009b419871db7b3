import { connect } from '../../client/client.js'
import { discover, type Endpoint } from '../../client/discover.js'
import { pause } from '../../client/retry.js'
import type { Transport } from '../../client/transport.js'
import { inspectOwner } from '../../journal/file/lock.js'
import { FabricError, isFabricError } from '../../model/errors.js'
import { SECOND_MS } from '../../model/time.js'
import { readEndpoint } from '../data-directory.js'
import { startDetached } from '../detach.js'

/** Where a session looks for its fabric. */
export interface Whereabouts {
  /** As the caller or the environment named it. */
  readonly url: string | undefined
  readonly data: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** How long to look for a fabric that is starting, milliseconds. */
  readonly patienceMs?: number
}

/** For a fabric that is starting, on a machine that is busy; clients give up a call after a minute. */
const START_PATIENCE_MS = 30 * SECOND_MS
/** For one that somebody is starting anew. */
const RESTART_PATIENCE_MS = 10 * SECOND_MS
const LOOK_MS = 100
const PROBE_MS = 2 * SECOND_MS
const NEVER = new AbortController().signal

/**
 * The fabric of the data directory, which is started where none runs: always with `start`, otherwise only after it
 * crashed, so that `ifab down` is not undone by the agents that are still there. A fabric that was named by its address
 * is only found.
 */
export async function findFabric(where: Whereabouts, transport: Transport, start: boolean): Promise<Endpoint> {
  const { url, data, env } = where
  if (url !== undefined) return discover({ url, data }, env)
  // A fabric that is stopped removes its endpoint; one that crashed leaves it.
  const mayStart = start || (await readEndpoint(data)) !== undefined
  const patienceMs = where.patienceMs ?? (mayStart ? START_PATIENCE_MS : RESTART_PATIENCE_MS)
  const end = performance.now() + patienceMs
  for (;;) {
    const found = await running(where, transport)
    if (found !== undefined) return found
    if (performance.now() > end) {
      throw new FabricError('UNAVAILABLE', `No fabric runs in ${data}. Start it with \`ifab up --detach\`.`, { data })
    }
    // One that is owned is starting, or ending.
    if (mayStart && (await inspectOwner(data))?.state !== 'alive') await startIn(data)
    else await pause(LOOK_MS, NEVER)
  }
}

/** The endpoint in the data directory when a fabric answers there. */
async function running({ data, env }: Whereabouts, transport: Transport): Promise<Endpoint | undefined> {
  try {
    const endpoint = await discover({ data }, env)
    await connect({ ...endpoint, transport, timeoutMs: PROBE_MS, retries: 0 }).token.whoami()
    return endpoint
  } catch (error) {
    if (isFabricError(error, 'UNAVAILABLE')) return undefined
    throw error
  }
}

async function startIn(data: string): Promise<void> {
  for (const listen of [[], ANY_PORT]) {
    try {
      await startDetached(data, listen)
      return
    } catch (error) {
      // Another session was faster: its fabric is about to answer.
      if (isFabricError(error, 'DATA_LOCKED')) return
      // The fabric of another repository has the usual port.
      const isPortTaken = isFabricError(error) && error.details.reason === 'EADDRINUSE'
      if (!isPortTaken || listen === ANY_PORT) throw error
    }
  }
}

const ANY_PORT = ['--listen', '127.0.0.1:0']
