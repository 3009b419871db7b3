import { type ChildProcess, spawn } from 'node:child_process'
import { FabricError } from '../../model/errors.js'
import { refuseModule } from '../refusal.js'

/** What the engine may take to check one module. */
export interface EngineBounds {
  readonly wallMs: number
  /** Memory of the process, the engine itself included. */
  readonly dataBytes: number
}

export const ENGINE_BOUNDS: EngineBounds = { wallMs: 20_000, dataBytes: 1024 * 1024 * 1024 }

/** The whole program of the child. It answers one byte; what it says about an invalid module follows. */
const PROGRAM = `
const chunks = []
process.stdin.on('data', (chunk) => chunks.push(chunk)).on('end', () => {
  const bytes = Buffer.concat(chunks)
  if (WebAssembly.validate(bytes)) return process.stdout.write('+')
  try {
    new WebAssembly.Module(bytes)
  } catch (error) {
    return process.stdout.write('-' + String(error.message).slice(0, 500))
  }
})`

/** The limits of the kernel come before the program: what cannot be set lets nothing run. It leaves no core either. */
const SHELL = 'ulimit -c 0 && ulimit -d "$1" && shift && exec "$@"'

/**
 * Has V8 validate a module in a process of its own, which is ended when it takes too long or too much memory: the checker
 * is a large program that reads hostile bytes. Throws MODULE_REFUSED with reason `invalid` or `not_validated`.
 */
export async function checkWithEngine(bytes: Uint8Array, bounds: EngineBounds = ENGINE_BOUNDS): Promise<void> {
  const { answer, reason } = await ask(bytes, bounds)
  if (answer === '+') return
  if (!answer.startsWith('-')) throw refuseModule('not_validated', `the engine did not get to check it (${reason})`)
  const said = answer
    .slice(1)
    .replace(/^WebAssembly\.Module\(\): /, '')
    .replace(/[^ -~]/g, '?')
  throw refuseModule('invalid', `the engine finds it invalid: ${said}`)
}

interface Reply {
  readonly answer: string
  /** How the child ended. */
  readonly reason: string
}

function ask(bytes: Uint8Array, { wallMs, dataBytes }: EngineBounds): Promise<Reply> {
  const kilobytes = String(Math.floor(dataBytes / 1024))
  const argv = ['-c', SHELL, 'sh', kilobytes, process.execPath, '--max-old-space-size=128', '-e', PROGRAM]
  // Nothing of the environment: it could have secrets, and options of Node.js.
  const child = spawn('/bin/sh', argv, { env: {}, cwd: '/', stdio: ['pipe', 'pipe', 'ignore'] })
  const timer = setTimeout(() => child.kill('SIGKILL'), wallMs)
  return new Promise<Reply>((resolve, reject) => {
    child.once('error', (cause) => {
      const message = `Cannot start a process to check the module: ${cause.message}. Free memory and try again.`
      reject(new FabricError('UNAVAILABLE', message, {}, { cause }))
    })
    const answer = gather(child)
    child.once('close', (code, signal) => resolve({ answer: answer(), reason: endOf(code, signal) }))
    // A child that is gone does not read: its end says it all.
    child.stdin?.on('error', () => undefined).end(bytes)
  }).finally(() => clearTimeout(timer))
}

function endOf(code: number | null, signal: string | null): string {
  if (signal === 'SIGKILL') return 'it took too long'
  return signal === null ? `it ended with ${code}` : `it ended by ${signal}`
}

const ANSWER_CHARS = 1_024

function gather(child: ChildProcess): () => string {
  let text = ''
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    if (text.length < ANSWER_CHARS) text += chunk
  })
  return () => text.slice(0, ANSWER_CHARS)
}
