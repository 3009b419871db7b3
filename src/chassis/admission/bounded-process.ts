import { spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { FabricError } from '../../model/errors.js'

/** What a process may take that looks at a module. */
export interface EngineBounds {
  readonly wallMs: number
  /** Memory of the process, the engine itself included. */
  readonly dataBytes: number
}

/** A program for Node.js, with arguments, and what it reads from its standard input. */
export interface BoundedProgram {
  readonly argv: readonly string[]
  readonly input: Uint8Array
  /** Most bytes that it may answer. */
  readonly answerBytes: number
  /** Whether it starts processes itself, which are to end with it. */
  readonly isGroup?: boolean
}

export interface Reply {
  readonly answer: Buffer
  /** Whether it came to its end, and how it ended otherwise. */
  readonly isComplete: boolean
  readonly reason: string
}

/** The limits of the kernel come before the program: what cannot be set lets nothing run. It leaves no core either. */
const SHELL = 'ulimit -c 0 && ulimit -d "$1" && shift && exec "$@"'

/** Runs a program, and ends it when it takes too long or too much memory. Throws UNAVAILABLE when there is no process to be had. */
export function runBounded(program: BoundedProgram, { wallMs, dataBytes }: EngineBounds): Promise<Reply> {
  const { input, answerBytes, isGroup = false } = program
  const kilobytes = String(Math.floor(dataBytes / 1024))
  const argv = ['-c', SHELL, 'sh', kilobytes, process.execPath, ...program.argv]
  // Nothing of the environment: it could have secrets, and options of Node.js.
  const child = spawn('/bin/sh', argv, { env: {}, cwd: '/', stdio: ['pipe', 'pipe', 'ignore'], detached: isGroup })
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    if (isGroup) killGroup(child.pid)
    else child.kill('SIGKILL')
  }, wallMs)
  const gathered = gather(child.stdout, answerBytes)
  return new Promise<Reply>((resolve, reject) => {
    child.once('error', (cause) => {
      const message = `Cannot start a process to check the module: ${cause.message}. Free memory and try again.`
      reject(new FabricError('UNAVAILABLE', message, {}, { cause }))
    })
    child.once('close', (code, signal) => resolve({ ...gathered(), ...endOf(code, signal, isLate) }))
    // A child that is gone does not read: its end says it all.
    child.stdin.on('error', () => undefined).end(input)
  }).finally(() => clearTimeout(timer))
}

/** Beyond what it may answer nothing is kept. */
function gather(stdout: Readable, most: number): () => Pick<Reply, 'answer'> {
  const chunks: Buffer[] = []
  let length = 0
  stdout.on('data', (chunk: Buffer) => {
    if (length < most) chunks.push(chunk)
    length += chunk.length
  })
  return () => ({ answer: Buffer.concat(chunks).subarray(0, most) })
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // All of it is gone.
  }
}

function endOf(code: number | null, signal: string | null, isLate: boolean): Pick<Reply, 'isComplete' | 'reason'> {
  if (isLate) return { isComplete: false, reason: 'it took too long' }
  return { isComplete: code === 0, reason: signal === null ? `it ended with ${code}` : `it ended by ${signal}` }
}
