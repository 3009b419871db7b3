import { access, constants } from 'node:fs/promises'
import { delimiter, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const ON_PATH: Launcher = { command: 'ifab', args: [], portable: true }
const BY_NPX: Launcher = { command: 'npx', args: ['-y', 'infrafabric'], portable: true }

/** How a client starts this program. */
export interface Launcher {
  readonly command: string
  readonly args: readonly string[]
  /** Whether it works on another machine as well. */
  readonly portable: boolean
}

interface Installation {
  /** Path of the main module of this program. */
  readonly main: string
  /** Path of the running Node.js. */
  readonly node: string
  /** Whether `ifab` is on the PATH of a shell that the user opens. */
  readonly onPath: boolean
}

/**
 * `ifab` where it is installed for the user. Else `npx`, where this program itself came from a registry or is installed in
 * the project: npx takes the installed one. Else the files of this very installation, which is a checkout.
 */
export function launcherOf({ main, node, onPath }: Installation): Launcher {
  if (onPath) return ON_PATH
  const packaged = main.includes(`${sep}node_modules${sep}infrafabric${sep}`)
  if (packaged) return BY_NPX
  return { command: node, args: [main], portable: false }
}

/** The launcher of an entry, where it is one that works on other machines as well. */
export function portableLauncher(entry: Readonly<Record<string, unknown>> | undefined): Launcher | undefined {
  const { command, args } = entry ?? {}
  if (!Array.isArray(args)) return undefined
  return [ON_PATH, BY_NPX].find((known) => known.command === command && known.args.every((arg, at) => args[at] === arg))
}

/** The launcher for the program that runs now. `path` is the PATH. */
export async function findLauncher(path: string | undefined): Promise<Launcher> {
  const main = fileURLToPath(new URL('../main.js', import.meta.url))
  return launcherOf({ main, node: process.execPath, onPath: await isOnPath('ifab', path ?? '') })
}

/** The beginning of a command line that a user can type. */
export function typed({ command, args }: Launcher): string {
  return command === BY_NPX.command ? 'npx infrafabric' : [command, ...args].join(' ')
}

/** npm and npx put folders of packages on the PATH of what they start; a client that is started later does not have them. */
async function isOnPath(name: string, path: string): Promise<boolean> {
  const folders = path
    .split(delimiter)
    .filter((folder) => folder !== '' && !folder.endsWith(join('node_modules', '.bin')))
  const found = await Promise.all(
    folders.map((folder) =>
      access(join(folder, name), constants.X_OK).then(
        () => true,
        () => false,
      ),
    ),
  )
  return found.includes(true)
}
