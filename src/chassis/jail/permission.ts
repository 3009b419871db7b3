import { bound, type Jail, limited, WITHOUT_CAPABILITIES } from './jail.js'
import { nodeArguments, nodeBinary } from './program.js'

/**
 * The permission model of Node.js, which its own documentation calls no protection against malicious code: what holds a guest is
 * WebAssembly. With the tools of util-linux there are limits and no capabilities, which only root has to give up.
 */
export function permissionOnly(permission: string, user?: 'root' | 'user'): Jail {
  const tools = user === undefined ? [] : [...limited(), ...bound(), ...(user === 'root' ? WITHOUT_CAPABILITIES : [])]
  return {
    level: 'permission',
    isLimited: user !== undefined,
    command: ({ directory, file }) => ({
      isNested: false,
      argv: [...tools, nodeBinary(), ...nodeArguments(permission, directory, file)],
    }),
  }
}
