import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { FabricError } from '../../model/errors.js'
import { dataBytes } from './process-view.js'
import { tool } from './tools.js'

/**
 * Bounds a process that has started: `moreBytes` of memory beyond what it has now, and no more threads or processes than it
 * has, where its user is not root. Not the address space, of which V8 reserves gigabytes that it never touches.
 * Throws UNAVAILABLE when the limits cannot be set.
 */
export async function limitProcess(pid: number, moreBytes: number): Promise<void> {
  const data = dataBytes(pid)
  if (data === undefined)
    throw new FabricError('UNAVAILABLE', 'A process of the sandbox ended before its call. Try again.')
  const limits = [`--data=${data + moreBytes}`, '--nproc=0', '--core=0']
  try {
    await promisify(execFile)(tool('prlimit'), ['--pid', String(pid), ...limits], { timeout: 10_000 })
  } catch (cause) {
    const message = 'Cannot limit the memory of a process of the sandbox: prlimit failed. Install util-linux.'
    throw new FabricError('UNAVAILABLE', message, {}, { cause })
  }
}
