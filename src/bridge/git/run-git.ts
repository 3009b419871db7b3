import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { FabricError } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'

export interface GitCall {
  readonly args: readonly string[]
  readonly input?: string | Uint8Array
  /** Default: `LIMITS.gitMs`. */
  readonly timeoutMs?: number
  /** Default: `LIMITS.gitOutputBytes`; a call that says more is ended. */
  readonly outputBytes?: number
}

export interface GitReply {
  readonly exit: number
  readonly output: Buffer
  /** What went wrong, in one line and without passwords. */
  readonly complaint: string
}

export type RunGit = (call: GitCall) => Promise<GitReply>

const COMPLAINT_BYTES = 4_096

/** No hook runs, nothing is cleaned up behind the user's back, and nothing is read but what is asked for. */
const SETTINGS = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'gc.auto=0',
  'maintenance.auto=false',
  'push.followTags=false',
  'submodule.recurse=false',
].flatMap((setting) => ['-c', setting])

/** Of the user's settings for git, those that say how to connect; where its repository is says the caller. */
const KEPT = /^GIT_(?:SSH|SSH_COMMAND|SSH_VARIANT|SSL_\w+|CONFIG_GLOBAL|CONFIG_SYSTEM|CONFIG_NOSYSTEM|PROXY_\w+)$/

function environment(env: Readonly<Record<string, string | undefined>>): Record<string, string | undefined> {
  const kept = Object.entries(env).filter(([name]) => !/^(?:GIT_|IFAB_)/.test(name) || KEPT.test(name))
  return {
    ...Object.fromEntries(kept),
    LC_ALL: 'C',
    // Nobody is there to type a password.
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '',
    SSH_ASKPASS: '',
    GCM_INTERACTIVE: 'never',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_NO_LAZY_FETCH: '1',
    GIT_PAGER: 'cat',
    GIT_AUTHOR_NAME: 'InfraFabric bridge',
    GIT_AUTHOR_EMAIL: 'bridge@infrafabric.invalid',
    GIT_COMMITTER_NAME: 'InfraFabric bridge',
    GIT_COMMITTER_EMAIL: 'bridge@infrafabric.invalid',
  }
}

export interface GitOptions {
  readonly directory: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal?: AbortSignal
}

/** Runs git in one directory, each call within limits of time and output. Throws UNAVAILABLE for a call that exceeds them. */
export function gitRunner({ directory, env, signal }: GitOptions): RunGit {
  return async ({ args, input, timeoutMs = LIMITS.gitMs, outputBytes = LIMITS.gitOutputBytes }) => {
    signal?.throwIfAborted()
    const verb = args[0] ?? ''
    // In a group of its own it has no terminal to ask at, and what it starts ends with it.
    const child = spawn('git', [...SETTINGS, ...args], {
      cwd: directory,
      env: environment(env),
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    })
    let stopped: string | undefined
    let insisting: NodeJS.Timeout | undefined
    const stop = (why: string) => {
      stopped ??= why
      // Asked to end, git removes its locks, which would be in the way of the next call.
      killGroup(child, 'SIGTERM')
      insisting ??= setTimeout(() => killGroup(child, 'SIGKILL'), LIMITS.gitEndMs)
    }
    const abort = () => stop('it was interrupted')
    signal?.addEventListener('abort', abort, { once: true })
    const timer = setTimeout(() => stop(`it took longer than ${timeoutMs} ms`), timeoutMs)
    const output = gather(child.stdout, outputBytes, () => stop(`it said more than ${outputBytes} bytes`))
    const complaint = gather(child.stderr, COMPLAINT_BYTES, () => undefined)
    try {
      const exit = await ended(child, input)
      if (stopped !== undefined) throw unavailable(verb, stopped)
      return { exit, output: output(), complaint: plainComplaint(complaint().toString('utf8')) }
    } finally {
      clearTimeout(timer)
      clearTimeout(insisting)
      signal?.removeEventListener('abort', abort)
    }
  }
}

/** What a call must give. Throws UNAVAILABLE with what git says. */
export async function gitOutput(run: RunGit, call: GitCall): Promise<Buffer> {
  const { exit, output, complaint } = await run(call)
  if (exit === 0) return output
  throw unavailable(call.args[0] ?? '', complaint === '' ? `it ended with ${exit}` : complaint)
}

function unavailable(verb: string, why: string): FabricError {
  return new FabricError('UNAVAILABLE', `\`git ${verb}\` did not do it: ${why}. It is tried again.`, { git: verb })
}

function ended(child: ChildProcess, input: string | Uint8Array = ''): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => {
      const message = `Cannot run git: ${cause.message}. Install it, and check the directory of the repository.`
      reject(new FabricError('INVALID_ARGUMENT', message, { field: 'repository' }, { cause }))
    })
    child.once('close', (code) => resolve(code ?? -1))
    // A child that is gone does not read: its end says it all.
    child.stdin?.on('error', () => undefined).end(input)
  })
}

function gather(stream: Readable, most: number, onMore: () => void): () => Buffer {
  const chunks: Buffer[] = []
  let length = 0
  stream.on('data', (chunk: Buffer) => {
    if (length < most) chunks.push(chunk)
    length += chunk.length
    if (length > most) onMore()
  })
  return () => Buffer.concat(chunks).subarray(0, most)
}

function killGroup({ pid }: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal)
  } catch {
    // All of it is gone.
  }
}

/** The last line that git itself says, and no user or password of a URL. */
function plainComplaint(text: string): string {
  const lines = text.split('\n').map((line) => line.trim())
  const said = lines.filter((line) => /^(?:fatal|error|remote|!)/.test(line)).slice(0, 2)
  const shown = (said.length > 0 ? said : lines.filter((line) => line !== '').slice(0, 1)).join('; ')
  return shown.replace(/:\/\/[^/@\s]+@/g, '://***@').replace(/[.\s]+$/, '')
}
