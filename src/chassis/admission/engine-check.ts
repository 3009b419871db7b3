import { refuseModule } from '../refusal.js'
import { type EngineBounds, runBounded } from './bounded-process.js'

export const ENGINE_BOUNDS: EngineBounds = { wallMs: 20_000, dataBytes: 1024 * 1024 * 1024 }

const ANSWER_CHARS = 1_024

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

/**
 * Has V8 validate a module in a process of its own, which is ended when it takes too long or too much memory: the checker
 * is a large program that reads hostile bytes. Throws MODULE_REFUSED with reason `invalid` or `not_validated`.
 */
export async function checkWithEngine(bytes: Uint8Array, bounds: EngineBounds = ENGINE_BOUNDS): Promise<void> {
  const argv = ['--max-old-space-size=128', '-e', PROGRAM]
  const reply = await runBounded({ argv, input: bytes, answerBytes: ANSWER_CHARS }, bounds)
  const answer = reply.answer.toString()
  if (answer === '+') return
  if (!answer.startsWith('-'))
    throw refuseModule('not_validated', `the engine did not get to check it (${reply.reason})`)
  const said = answer
    .slice(1)
    .replace(/^WebAssembly\.Module\(\): /, '')
    .replace(/[^ -~]/g, '?')
  throw refuseModule('invalid', `the engine finds it invalid: ${said}`)
}
