import { bound, type Jail, limited, WITHOUT_CAPABILITIES } from './jail.js'
import { nodeArguments, nodeBinary } from './program.js'
import { tool } from './tools.js'

/** In a user namespace of its own root may say that there shall be none inside it. */
const WITHOUT_MORE_USERS = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'

/** How it is with user namespaces: whoever makes one has all capabilities in it, and with them more of the kernel to try. */
export type UserNamespaces =
  /** The program is in one, and can make no other. */
  | 'last'
  /** It is in one, and can make others: for machines where /proc/sys cannot be written. */
  | 'nested'
  /** It is in that of the machine, which only root can put into the other namespaces. */
  | 'none'

/**
 * Namespaces without a network and without other processes, and no capabilities, by the tools of util-linux. It sees the files
 * that its user may read, as far as the permission model of Node.js lets it.
 */
export function unshare(permission: string | undefined, users: UserNamespaces): Jail {
  return {
    level: 'unshare',
    isLimited: true,
    command: ({ directory, file }) => ({
      isNested: true,
      argv: [
        ...limited(),
        ...bound(),
        ...[tool('unshare'), ...(users === 'none' ? [] : ['--user', '--map-root-user'])],
        ...['--net', '--ipc', '--uts', '--mount', '--pid', '--fork', '--kill-child=KILL'],
        ...(users === 'last' ? ['/bin/sh', '-c', WITHOUT_MORE_USERS, 'sh'] : []),
        ...[tool('setpriv'), '--no-new-privs', ...WITHOUT_CAPABILITIES],
        ...[nodeBinary(), ...nodeArguments(permission, directory, file)],
      ],
    }),
  }
}
