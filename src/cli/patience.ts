import type { FabricClient } from '../client/client.js'
import { pause, retryDelayMs } from '../client/retry.js'
import { isFabricError } from '../model/errors.js'
import type { Call } from './command.js'

const NEVER = new AbortController().signal

/**
 * Asks again, after looking where the fabric is now, while it cannot be reached and the wait is not over. `ask` gets
 * what is left of the wait, milliseconds. Where no fabric was found to begin with, that is said at once.
 */
export async function askPatiently<Reply>(
  call: Call,
  waitMs: number | undefined,
  ask: (fabric: FabricClient, waitMs: number | undefined) => Promise<Reply>,
): Promise<Reply> {
  const fabric = await call.connect()
  if (waitMs === undefined) return ask(fabric, undefined)
  const end = performance.now() + waitMs
  const left = () => Math.max(0, Math.ceil(end - performance.now()))
  let failures = 0
  for (let asked = () => ask(fabric, waitMs); ; asked = async () => ask(await call.connect(), left())) {
    try {
      return await asked()
    } catch (error) {
      if (!isFabricError(error, 'UNAVAILABLE') || left() === 0) throw error
    }
    await pause(Math.min(left(), retryDelayMs(failures)), NEVER)
    failures += 1
  }
}
