import { bubblewrap } from './bubblewrap.js'
import type { Jail } from './jail.js'
import type { JailLevel } from './levels.js'
import { permissionOnly } from './permission.js'
import { permissionFlag } from './program.js'
import { unshare } from './unshare.js'

/** Ways to start a program at a level, the best first; some machines let only one of them through. */
export function candidatesOf(level: JailLevel): (() => Promise<Jail>)[] {
  const permission = permissionFlag()
  if (level === 'bubblewrap') return [async () => bubblewrap(permission)]
  if (level === 'unshare') {
    const users = ['last' as const, 'nested' as const, ...(isRoot() ? (['none'] as const) : [])]
    return users.map((one) => async () => unshare(permission, one))
  }
  if (permission === undefined) return []
  const users = [...(isRoot() ? (['root'] as const) : []), 'user' as const, undefined]
  return users.map((user) => async () => permissionOnly(permission, user))
}

function isRoot(): boolean {
  return process.getuid?.() === 0
}
