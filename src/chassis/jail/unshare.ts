import { bound, type Jail, limited, WITHOUT_CAPABILITIES } from './jail.js'
import { nodeArguments, nodeBinary } from './program.js'
import { tool } from './tools.js'

/**
 * Namespaces without a network and without other processes, and no capabilities, by the tools of util-linux. It sees the files
 * that its user may read, as far as the permission model of Node.js lets it. Without a user namespace only root can do this.
 */
export function unshare(permission: string | undefined, hasUserNamespace: boolean): Jail {
  return {
    level: 'unshare',
    isLimited: true,
    command: ({ directory, file }) => ({
      isNested: true,
      argv: [
        ...limited(),
        ...bound(),
        ...[tool('unshare'), ...(hasUserNamespace ? ['--user', '--map-root-user'] : [])],
        ...['--net', '--ipc', '--uts', '--mount', '--pid', '--fork', '--kill-child=KILL'],
        ...[tool('setpriv'), '--no-new-privs', ...WITHOUT_CAPABILITIES],
        ...[nodeBinary(), ...nodeArguments(permission, directory, file)],
      ],
    }),
  }
}
