import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Puts what was built below `directory`, so that a build that starts meanwhile changes nothing in it. Returns its
 * folder.
 */
export function installPackage(directory) {
  const folder = join(directory, 'infrafabric')
  const bin = join(folder, 'bin')
  mkdirSync(bin, { recursive: true })
  for (const part of ['dist', 'package.json']) cpSync(join(CHECKOUT, part), join(folder, part), { recursive: true })
  symlinkSync(join(CHECKOUT, 'node_modules'), join(folder, 'node_modules'))
  const main = join(folder, 'dist', 'cli', 'main.js')
  writeFileSync(join(bin, 'ifab'), `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`)
  chmodSync(join(bin, 'ifab'), 0o755)
  return folder
}

/** A repository of a user who has `ifab` on the PATH, and no settings of git or of anything else. */
export class Project {
  #installed

  constructor(folder, installed) {
    mkdirSync(folder, { recursive: true })
    this.#installed = installed
    this.folder = folder
    this.data = join(folder, '.infrafabric')
    this.env = {
      HOME: dirname(folder),
      PATH: [join(installed, 'bin'), process.env.PATH].join(delimiter),
      GIT_CONFIG_NOSYSTEM: '1',
    }
    this.#run('git', 'init', '--quiet')
  }

  /** What the quick starts tell users to type, with one `ifab setup` for each client. */
  setUp(...clients) {
    this.#run('ifab', 'init')
    for (const client of clients) this.#run('ifab', 'setup', client)
  }

  /** Commits everything and returns the folder of a second worktree. */
  addWorktree(name) {
    const folder = join(dirname(this.folder), name)
    const user = ['-c', 'user.name=Test', '-c', 'user.email=test@example.com']
    this.#run('git', 'add', '--all')
    this.#run('git', ...user, 'commit', '--quiet', '--message', 'Set up the board')
    this.#run('git', 'worktree', 'add', '--quiet', folder)
    return folder
  }

  /** A module of the package under test. */
  load(path) {
    return import(pathToFileURL(join(this.#installed, 'dist', path)))
  }

  /** A client of its fabric, which must be running. */
  async connect() {
    const { connectLocal } = await this.load('index.js')
    return connectLocal({ data: this.data })
  }

  get hasFabric() {
    return existsSync(join(this.data, 'endpoint.json'))
  }

  /** The lines for agents that were written into the project, without the marks around them. */
  agentInstructions() {
    const lines = readFileSync(join(this.folder, 'AGENTS.md'), 'utf8').split('\n')
    return lines.filter((line) => line !== '' && !line.startsWith('<!--'))
  }

  /** Every entry of its log: `{ index, event, subject, actor, data }`. */
  entries() {
    const entries = []
    for (let next = 0, size = 1; next < size; ) {
      const page = JSON.parse(this.#run('ifab', 'log', '--cursor', String(next), '--limit', '100', '--json'))
      entries.push(
        ...page.entries.map(({ id, type, ...rest }) => ({ index: Number(id), event: eventOf(type), ...rest })),
      )
      ;({ next, size } = page)
    }
    return entries
  }

  /** Stops the fabric. */
  close() {
    if (this.hasFabric) this.#run('ifab', 'down')
  }

  #run(command, ...args) {
    const options = { cwd: this.folder, env: this.env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }
    return execFileSync(command, args, options)
  }
}

/** `task_claimed` of `infrafabric.coordinator.task_claimed.v1`. */
function eventOf(type) {
  return type.split('.').at(-2)
}
