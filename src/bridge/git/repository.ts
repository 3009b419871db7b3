import { FabricError } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'
import { type GitOptions, gitOutput, gitRunner, type RunGit } from './run-git.js'
import { parseTree, type TreeEntry, treeText } from './tree.js'

/** Tip of a branch of the remote. */
export interface Branch {
  readonly name: string
  readonly commit: string
  /** Seconds since the Unix epoch, as its committer says. */
  readonly committedAt: number
}

export interface RepositoryOptions extends GitOptions {
  readonly remote: string
}

/** A file to be written at the root of a branch; without content it goes away. */
export interface RootFile {
  readonly name: string
  readonly content: string | undefined
}

/**
 * The branches of a remote, through a repository of the user. It works on objects and on references of its own below
 * `refs/ifab`: no branch, work tree, index or HEAD of the user is looked at or changed.
 */
export class Repository {
  readonly #run: RunGit
  readonly #remote: string
  readonly #space: string

  private constructor(run: RunGit, remote: string) {
    this.#run = run
    this.#remote = remote
    this.#space = `refs/ifab/${remote}/`
  }

  /** Throws INVALID_ARGUMENT where there is no repository or no such remote. */
  static async open({ remote, ...options }: RepositoryOptions): Promise<Repository> {
    const run = gitRunner(options)
    const { exit, complaint } = await run({ args: ['rev-parse', '--git-dir'] })
    if (exit !== 0) {
      const message = `${options.directory} is no repository of git (${complaint}). Name one with --repository.`
      throw new FabricError('INVALID_ARGUMENT', message, { field: 'repository' })
    }
    const remotes = (await gitOutput(run, { args: ['remote'] })).toString('utf8').split('\n')
    if (remotes.includes(remote)) return new Repository(run, remote)
    const message = `${options.directory} has no remote ${remote}. See \`git remote\`, and name one with --remote.`
    throw new FabricError('INVALID_ARGUMENT', message, { field: 'remote' })
  }

  /** Brings over the branches that begin with one of the prefixes, and forgets those that are gone there. */
  async fetch(prefixes: readonly string[]): Promise<void> {
    const needed = prefixes.filter((prefix) => !prefixes.some((other) => other !== prefix && prefix.startsWith(other)))
    const references = [...new Set(needed)].map((prefix) => `+refs/heads/${prefix}*:${this.#space}${prefix}*`)
    const options = ['--quiet', '--no-tags', '--no-recurse-submodules', '--no-write-fetch-head', '--prune', '--refmap=']
    await gitOutput(this.#run, {
      args: ['fetch', ...options, '--', this.#remote, ...references],
      timeoutMs: LIMITS.gitNetworkMs,
    })
  }

  /** At most `LIMITS.bridgeBranches`, those with the newest commits first. */
  branches(): Promise<Branch[]> {
    return this.#tips('')
  }

  /** One of them, however many there are. */
  async branch(name: string): Promise<Branch | undefined> {
    return (await this.#tips(name)).find((branch) => branch.name === name)
  }

  async #tips(below: string): Promise<Branch[]> {
    const format = '%(objecttype) %(objectname) %(committerdate:unix) %(refname)'
    const options = ['--sort=-committerdate', `--count=${LIMITS.bridgeBranches}`, `--format=${format}`]
    const output = await gitOutput(this.#run, { args: ['for-each-ref', ...options, `${this.#space}${below}`] })
    const rows = output
      .toString('utf8')
      .split('\n')
      .map((row) => row.split(' '))
    return rows.flatMap(([type, commit = '', seconds, reference = '']) => {
      if (type !== 'commit') return []
      return [{ name: reference.slice(this.#space.length), commit, committedAt: Number(seconds) }]
    })
  }

  /** What lies at the root of a commit. */
  async root(commit: string): Promise<TreeEntry[]> {
    const args = ['ls-tree', '-z', '-l', '--full-tree', requireHash(commit)]
    return parseTree(await gitOutput(this.#run, { args, outputBytes: LIMITS.bridgeRootBytes }))
  }

  /** The bytes of a blob as they are stored: no filter and no attribute of a repository applies. */
  readBlob(hash: string, maxBytes: number): Promise<Buffer> {
    return gitOutput(this.#run, { args: ['cat-file', 'blob', requireHash(hash)], outputBytes: maxBytes })
  }

  /** A commit on top of another, or the first of a branch, with some files at its root written; the others stay. */
  async commit(parent: string | undefined, files: readonly RootFile[], message: string): Promise<string> {
    const before = parent === undefined ? [] : await this.root(parent)
    const names = new Set(files.map(({ name }) => name))
    const entries = before.filter(({ name }) => !names.has(name))
    for (const { name, content } of files) {
      if (content === undefined) continue
      const hash = await this.#write(['hash-object', '-w', '--stdin'], content)
      entries.push({ mode: '100644', type: 'blob', hash, name })
    }
    const tree = await this.#write(['mktree', '-z'], Buffer.from(treeText(entries), 'latin1'))
    const parents = parent === undefined ? [] : ['-p', requireHash(parent)]
    return this.#write(['commit-tree', tree, ...parents], message)
  }

  /** Whether the remote took it; it does not when the branch has moved meanwhile. */
  async push(commit: string, branch: string): Promise<boolean> {
    const options = ['--porcelain', '--no-verify', '--no-signed', '--no-follow-tags', '--no-recurse-submodules']
    const { exit, output, complaint } = await this.#run({
      args: ['push', ...options, '--', this.#remote, `${requireHash(commit)}:refs/heads/${branch}`],
      timeoutMs: LIMITS.gitNetworkMs,
    })
    if (exit === 0) return true
    const [, refused] = /^!\t[^\t]*\t(.*)$/m.exec(output.toString('utf8')) ?? []
    if (refused !== undefined && LATE.test(refused)) return false
    const message = `The remote did not take ${branch}: ${refused ?? complaint}. Check who may push there.`
    throw new FabricError('UNAVAILABLE', message, { branch })
  }

  async #write(args: readonly string[], input: string | Uint8Array): Promise<string> {
    const output = await gitOutput(this.#run, { args, input })
    return requireHash(output.toString('utf8').trim())
  }
}

/** How git says that somebody else was faster. */
const LATE = /rejected.*(?:fetch first|non-fast-forward|cannot lock|already exists|failed to update)/

/** Nothing that is no hash gets into a command line. */
function requireHash(text: string): string {
  if (/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text)) return text
  throw new FabricError('INTERNAL', 'git named an object by what is no hash. Please report it.')
}
