import { readFile, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'

/** Name of the data directory where nobody named another. */
export const DATA_DIRECTORY = '.infrafabric'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * The data directory that applies in the directory `cwd`: the option, else `IFAB_DATA`, both as they were given, else
 * `.infrafabric` in `cwd` or above it up to the root of the git worktree, else beside the main worktree of the repository,
 * so that all its worktrees share one fabric. The path of one that was looked for is absolute, and it need not exist:
 * it is where one belongs. Outside of a repository only `cwd` counts: what lies above may be anybody's. `IFAB_WORKSPACE`
 * stands in for `cwd` where a client starts programs in a directory of its own.
 */
export async function findDataDirectory(
  option: string | undefined,
  environment: Environment = process.env,
  cwd: string = process.cwd(),
): Promise<string> {
  const named = option || environment.IFAB_DATA
  if (named) return named
  const here = resolve(cwd, environment.IFAB_WORKSPACE ?? '')
  const repository = await repositoryOf(here)
  if (repository === undefined) return join(here, DATA_DIRECTORY)
  for (const folder of upTo(here, repository.worktree)) {
    const data = join(folder, DATA_DIRECTORY)
    if (await isDirectory(data)) return data
  }
  return join(repository.main, DATA_DIRECTORY)
}

export interface Repository {
  /** Root of the worktree. */
  readonly worktree: string
  /** Root of the main worktree; of a bare repository, that repository itself. */
  readonly main: string
}

/**
 * The repository that `folder` lies in. Read from the files that git keeps, so that finding a fabric starts no process:
 * `.git` is a directory in the main worktree, and in a linked one a file that names a directory with a file `commondir`.
 */
export async function repositoryOf(folder: string): Promise<Repository | undefined> {
  for (const worktree of upTo(folder, undefined)) {
    const git = join(worktree, '.git')
    const found = await stat(git).catch(() => undefined)
    if (found?.isDirectory() === true) return { worktree, main: worktree }
    if (found?.isFile() !== true) continue
    const own = named(await read(git), /^gitdir: (.+)$/m, worktree)
    if (own === undefined) continue
    const common = named(await read(join(own, 'commondir')), /^(.+)$/m, own)
    // A submodule, or a repository whose `.git` was moved, is a main worktree too.
    if (common === undefined) return { worktree, main: worktree }
    return { worktree, main: await mainOf(common) }
  }
  return undefined
}

/** Root of the main worktree of the repository whose files lie in `common`. */
async function mainOf(common: string): Promise<string> {
  if (basename(common) === '.git') return dirname(common)
  return named(await read(join(common, 'config')), /^\s*worktree\s*=\s*(.+?)\s*$/m, common) ?? common
}

/** The path that `text` names by what `pattern` captures, taken from `base`. */
function named(text: string | undefined, pattern: RegExp, base: string): string | undefined {
  const path = text === undefined ? undefined : pattern.exec(text)?.[1]
  return path === undefined ? undefined : resolve(base, path)
}

/** `folder` and what lies above it, up to and with `top`. */
function* upTo(folder: string, top: string | undefined): Generator<string> {
  for (let at = folder; ; at = dirname(at)) {
    yield at
    if (at === top || at === dirname(at)) return
  }
}

async function read(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined)
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
}
