import { execFileSync, spawnSync } from 'node:child_process'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const PROGRAM = fileURLToPath(new URL('go/main.go', import.meta.url))
const PACKAGES = ['golang.org/x/mod/sumdb/note', 'golang.org/x/mod/sumdb/tlog']
/** Where Debian's package has them. */
const DEBIAN_GOPATH = '/usr/share/gocode'

/** The Go program, built in a directory. */
export class Reader {
  #program

  /** Undefined when this machine has no Go, or not those packages. */
  static build(directory) {
    const found = spawnSync('go', ['env', 'GOPATH'], { encoding: 'utf8' })
    if (found.status !== 0) return undefined
    const gopath = [found.stdout.trim(), DEBIAN_GOPATH].join(delimiter)
    // Sources of this machine only: nothing is fetched.
    const env = { ...process.env, GO111MODULE: 'off', GOFLAGS: '', GOTOOLCHAIN: 'local', GOPATH: gopath }
    if (spawnSync('go', ['list', ...PACKAGES], { env, cwd: directory }).status !== 0) return undefined
    const program = join(directory, 'read-log')
    execFileSync('go', ['build', '-o', program, PROGRAM], { env, cwd: directory, stdio: 'inherit' })
    return new Reader(program)
  }

  constructor(program) {
    this.#program = program
  }

  /** What the program prints; throws with what it says when it refuses. */
  run(...args) {
    const { status, stdout, stderr } = this.#spawn(args)
    if (status === 0) return stdout
    throw new Error(`Go refused \`${args.join(' ')}\`: ${stderr || `status ${status}`}`)
  }

  /** Why the program refuses; throws when it does not. */
  refusal(...args) {
    const { status, stderr } = this.#spawn(args)
    if (status === 1) return stderr
    throw new Error(`Go did not refuse \`${args.join(' ')}\` but ended with status ${status}: ${stderr}`)
  }

  #spawn(args) {
    return spawnSync(this.#program, args.map(String), { encoding: 'utf8' })
  }
}
