import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** A program of ours that runs in a jail. */
export interface JailedProgram {
  /** The directory that it may read, with everything that it imports. */
  readonly directory: string
  /** File in that directory. */
  readonly file: string
}

const ROOT = new URL('../../../', import.meta.url)

/** The child's program as it was built, also when this code runs from its source. */
export const CHILD_PROGRAM: JailedProgram = {
  directory: fileURLToPath(new URL('dist/chassis/child', ROOT)),
  file: 'main.js',
}

/** The program that admits modules imports much of what this one is made of, all of which anybody may read. */
export const ADMISSION_PROGRAM: JailedProgram = {
  directory: fileURLToPath(new URL('dist', ROOT)),
  file: 'chassis/admission/admit-main.js',
}

/** Says that the program is an ES module. */
export const PACKAGE_FILE = fileURLToPath(new URL('package.json', ROOT))

/**
 * Most pages and elements that a contract can ask for. The heap has no bound of its own below that of the process: where it has,
 * V8 looks for garbage each time that a large memory grows.
 */
const ENGINE_FLAGS = [
  '--max-old-space-size=4096',
  '--wasm-max-mem-pages=16384',
  '--wasm-max-table-size=1000000',
  '--v8-pool-size=1',
  '--expose-gc',
  // For baked TypeScript: see `meterLimitsOf`. The system gives a process 8 MiB.
  '--stack-size=3936',
  '--no-addons',
  '--disable-proto=delete',
  '--disallow-code-generation-from-strings',
  '--no-warnings',
]

/** Node.js as it runs in a jail, with `directory` as its program sees it and all that its permission model lets it read. */
export function nodeArguments(permissionFlag: string | undefined, directory: string, file: string): string[] {
  const permission = permissionFlag === undefined ? [] : [permissionFlag, `--allow-fs-read=${directory}/*`]
  return [...ENGINE_FLAGS, ...permission, `${directory}/${file}`]
}

/** The permission model's flag of this Node.js: it has two names, and a name that is not known stops the start. */
export function permissionFlag(): string | undefined {
  return ['--permission', '--experimental-permission'].find((flag) => process.allowedNodeEnvironmentFlags.has(flag))
}

/** The file of Node.js itself, without the links that lead to it. */
export function nodeBinary(): string {
  return realpathSync(process.execPath)
}
