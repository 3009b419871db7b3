import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { ScriptedModel } from './models/scripted-model.mjs'
import { Outside } from './outside.mjs'

const SESSION_MS = 300_000
const PROMPT = 'Work on the shared board until there is nothing left to do.'
/** How every script ends. */
export const LAST_WORDS = 'The board is empty.'
/** What is shown of the output of a client that failed. */
const SHOWN_CHARS = 6_000

/**
 * Has a client work through a script in a folder of a project, with `home` for all that it keeps. Resolves with the
 * turns of its model, and the calls of our tools as the client tells of them. Whatever happens, it runs no longer then.
 */
export async function runSession({ client, program, project, folder = project.folder, home, script, signal }) {
  const model = new ScriptedModel(client.dialect, script)
  const outside = new Outside()
  mkdirSync(home, { recursive: true })
  try {
    const { args, env } = await client.start({ home, url: await model.listen(), project, prompt: PROMPT })
    const options = { cwd: folder, env: { ...project.env, ...env, ...(await outside.listen()) } }
    const events = await runProgram(program, args, options, model, signal)
    assert.equal(client.lastWords(events), LAST_WORDS)
    assert.deepEqual(outside.asked, [], 'it asked for others than its provider')
    return { turns: model.turns, calls: client.calls(events) }
  } finally {
    await model.close()
    await outside.close()
  }
}

/** Runs a program that prints an event a line. Rejects with what went wrong in the script, when something did. */
async function runProgram(program, args, options, model, signal) {
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  const output = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr']) {
    child[stream].setEncoding('utf8').on('data', (chunk) => {
      output[stream] += chunk
    })
  }
  const ended = once(child, 'close')
  const over = AbortSignal.any([signal, AbortSignal.timeout(SESSION_MS)])
  // Not to be refused: the servers that it started end with their pipes.
  over.addEventListener('abort', () => child.kill('SIGKILL'))
  try {
    const [code] = await Promise.race([ended, model.failed])
    assert.equal(code, 0, over.aborted ? 'it was ended' : 'its exit code')
    return output.stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]))
  } catch (error) {
    console.error(`${output.stdout.slice(-SHOWN_CHARS)}\n${output.stderr.slice(-SHOWN_CHARS)}`)
    throw error
  } finally {
    child.kill('SIGKILL')
    await ended.catch(() => {})
  }
}
