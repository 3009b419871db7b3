import { FILTER_DESCRIPTOR, type Jail, limited } from './jail.js'
import { sharedLibraries } from './libraries.js'
import { nodeArguments, nodeBinary, PACKAGE_FILE } from './program.js'
import { seccompFilter } from './seccomp.js'
import { tool } from './tools.js'

/** Nobody: the user has no right by its number, inside or outside. */
const NOBODY = '65534'
const PROGRAM = '/program'

/**
 * Namespaces of its own for everything, a view of the files that has Node.js, its libraries and the program, all of it
 * read-only, and a filter of system calls. Needs bubblewrap, and a processor that the filter is written for.
 */
export async function bubblewrap(permission: string | undefined): Promise<Jail> {
  const filter = seccompFilter(process.arch)
  const libraries = await sharedLibraries(nodeBinary())
  const view = [nodeBinary(), ...libraries].flatMap((file) => ['--ro-bind', file, file])
  return {
    level: 'bubblewrap',
    isLimited: true,
    command: ({ directory, file }) => ({
      isNested: true,
      filter,
      argv: [
        ...limited(),
        tool('bwrap'),
        ...['--unshare-all', '--die-with-parent', '--new-session', '--as-pid-1', '--cap-drop', 'ALL', '--clearenv'],
        ...['--uid', NOBODY, '--gid', NOBODY, '--hostname', 'sandbox'],
        ...view,
        ...['--ro-bind', directory, PROGRAM, '--ro-bind', PACKAGE_FILE, '/package.json'],
        ...['--remount-ro', '/', '--chdir', '/', '--seccomp', String(FILTER_DESCRIPTOR)],
        ...['--', nodeBinary(), ...nodeArguments(permission, PROGRAM, file)],
      ],
    }),
  }
}
