import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'yaml'
import { answerFileName } from '../../src/bridge/answer.js'
import { passOnce } from '../../src/bridge/bridge.js'
import { Repository } from '../../src/bridge/git/repository.js'
import type { Mark, PassReport } from '../../src/bridge/pass.js'
import { type BridgeConfig, DEFAULT_AGENTS } from '../../src/bridge/speakers/bridge-config.js'
import type { FabricOperations } from '../../src/client/client.js'
import { HOUR_MS } from '../../src/model/time.js'
import { type ServedFabric, serveFabric } from '../support/served-fabric.js'

/** Hooks and settings of whoever runs the tests must not matter. */
const ENV = {
  PATH: process.env.PATH,
  HOME: '/nonexistent',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
}

const AUTHOR = ['-c', 'user.name=Agent', '-c', 'user.email=agent@example.invalid', '-c', 'init.defaultBranch=main']

export function git(directory: string, ...args: string[]): string {
  return gitAt(undefined, directory, ...args)
}

function gitAt(date: string | undefined, directory: string, ...args: string[]): string {
  const env = { ...ENV, ...(date !== undefined && { GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date }) }
  const output = execFileSync('git', [...AUTHOR, ...args], {
    cwd: directory,
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return output.toString('utf8').trim()
}

/** An agent that only has git: a clone with a branch of its own. */
export class GitAgent {
  readonly directory: string
  readonly branch: string
  /** When it commits, RFC 3339. Default: now. */
  date: string | undefined

  constructor(directory: string, branch: string) {
    this.directory = directory
    this.branch = branch
  }

  /** Commits files and pushes them; the status file as it stands. */
  says(content: string | Record<string, string>, ...push: string[]): string {
    const files = typeof content === 'string' ? { [`STATUS-${this.branch.split('/').at(-1)}.yaml`]: content } : content
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.directory, name), text)
    return this.commits(...push)
  }

  links(name: string, target: string): string {
    symlinkSync(target, join(this.directory, name))
    return this.commits()
  }

  commits(...push: string[]): string {
    git(this.directory, 'add', '--all')
    gitAt(this.date, this.directory, 'commit', '--quiet', '--allow-empty', '--message', 'Update status')
    git(this.directory, 'push', '--quiet', ...push, 'origin', this.branch)
    return git(this.directory, 'rev-parse', 'HEAD')
  }
}

/** A remote, agents with clones of it, and a bridge from another clone to a fabric in memory. */
export class Team implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'ifab-bridge-'))
  readonly served: ServedFabric
  readonly remote = join(this.directory, 'remote.git')
  readonly clone = join(this.directory, 'bridge')
  config: BridgeConfig = {
    remote: 'origin',
    branch: 'fabric/coordination',
    agents: [DEFAULT_AGENTS],
    migrated: [],
    everyMs: 1_000,
    leaseMs: 2 * HOUR_MS,
    boardFile: 'BOARD.md',
  }

  private constructor(served: ServedFabric) {
    this.served = served
  }

  static async open(): Promise<Team> {
    const team = new Team(await serveFabric())
    git(team.directory, 'init', '--quiet', '--bare', team.remote)
    const seed = join(team.directory, 'seed')
    mkdirSync(seed)
    git(seed, 'init', '--quiet')
    writeFileSync(join(seed, 'README.md'), 'A project.\n')
    git(seed, 'add', '--all')
    git(seed, 'commit', '--quiet', '--message', 'Begin')
    git(seed, 'push', '--quiet', team.remote, 'main')
    git(team.directory, 'clone', '--quiet', team.remote, team.clone)
    return team
  }

  agent(name: string, branch = `agents/${name}`): GitAgent {
    const directory = join(this.directory, `clone-of-${name}`)
    git(this.directory, 'clone', '--quiet', this.remote, directory)
    git(directory, 'checkout', '--quiet', '-b', branch)
    return new GitAgent(directory, branch)
  }

  get fabric(): FabricOperations {
    return this.served.client
  }

  /** One look of a bridge that was just started: whatever it knows is on the branch. */
  async pass(
    changes: { directory?: string; connect?: () => Promise<FabricOperations>; last?: Mark } = {},
  ): Promise<PassReport> {
    const { directory = this.clone, connect = async () => this.fabric, last } = changes
    const repository = await Repository.open({ directory, remote: 'origin', env: ENV })
    return passOnce({ repository, config: this.config, connect }, last)
  }

  /** A file on the coordination branch of the remote. */
  file(name: string): string {
    return git(this.remote, 'show', `${this.config.branch}:${name}`)
  }

  // biome-ignore lint/suspicious/noExplicitAny: what is in an answer is what the test is about.
  answer(swarm: string): any {
    return parse(this.file(answerFileName(swarm)))
  }

  async entries(): Promise<Record<string, unknown>[]> {
    const { entries } = await this.fabric.log.read({ limit: 1_000 })
    return [...entries]
  }

  /** Names of the entries about a task or a swarm. */
  async history(subject: string): Promise<string[]> {
    const entries = await this.entries()
    return entries
      .filter((entry) => entry.subject === subject)
      .map(({ type }) => String(type).replace(/^infrafabric\.\w+\.(\w+)\.v\d+$/, '$1'))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.served[Symbol.asyncDispose]()
    rmSync(this.directory, { recursive: true, force: true })
  }
}
