import { spawnSync } from 'node:child_process'
import type { JailLevel } from '../../../src/chassis/jail/levels.js'

/** What each level is made of, tried without our code, and the packages that have it. */
const TOOLS: Partial<Record<JailLevel, readonly string[]>> = {
  bubblewrap: ['bwrap', '--ro-bind', '/', '/', '--unshare-all', 'true'],
  unshare: ['unshare', '--user', '--map-root-user', '--net', '--pid', '--fork', 'setpriv', '--no-new-privs', 'true'],
}

const known = new Map<JailLevel, boolean>()

/** Whether this machine can have a level at all. Where it cannot, tests of the level are left out, and this says so. */
export function hasLevel(level: JailLevel): boolean {
  const [file, ...rest] = TOOLS[level] ?? ['true']
  const found = known.get(level) ?? spawnSync(file ?? 'true', rest, { stdio: 'ignore' }).status === 0
  if (!found && !known.has(level)) {
    console.warn(
      `NOT TESTED: jails of level ${level}, since ${file} is missing or not allowed. Install bubblewrap and util-linux.`,
    )
  }
  known.set(level, found)
  return found
}
