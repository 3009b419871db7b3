import { describe, log } from './globals.js'
import { http } from './http.js'
import { RUN_CODES } from './interface.js'
import { ask, decode, encode, readAll } from './native.js'
import type { Ifab, Tool } from './tool.js'

/** What is called in a module: `start` once, then all jobs that it leaves, then `finish`, which says how it ended. */
export interface Program {
  start(): void
  finish(): number
}

const ifab: Ifab = { log, http, now: () => Date.now(), random: () => Math.random() }

/** The program of a tool; undefined when it has no function as its default export. */
export function program(exported: { readonly default?: unknown }): Program | undefined {
  const tool = exported.default as Tool
  if (typeof tool !== 'function') return undefined
  let code: number = RUN_CODES.unsettled
  const end = (found: number, message?: string) => {
    code = found
    if (message !== undefined) log.error(message)
  }
  const thrown = (reason: unknown) => end(RUN_CODES.threw, describe(reason))
  return {
    start() {
      const input = readInput()
      if (input === undefined) return end(RUN_CODES.input, 'The input is not JSON.')
      new Promise((resolve) => resolve(tool(input.value, ifab)))
        .then((output) => end(writeOutput(output)))
        .catch(thrown)
    },
    finish() {
      if (code === RUN_CODES.unsettled) log.error('The tool waits for a promise that nothing can settle any more.')
      return code
    },
  }
}

/** Nothing at all is `undefined`. */
function readInput(): { readonly value: unknown } | undefined {
  const bytes = readAll('input_length', 'read_input')
  if (bytes.length === 0) return { value: undefined }
  try {
    return { value: JSON.parse(decode(bytes)) }
  } catch {
    return undefined
  }
}

function writeOutput(output: unknown): number {
  const text = asJson(output)
  if (text === undefined) return RUN_CODES.output
  if (ask('write_output', 0, encode(text)) === 0) return RUN_CODES.completed
  log.error('The output is larger than the contract allows.')
  return RUN_CODES.refused
}

function asJson(output: unknown): string | undefined {
  try {
    const text = JSON.stringify(output === undefined ? null : output)
    if (text !== undefined) return text
    log.error(`The output is a ${typeof output}, which is nothing in JSON.`)
  } catch (error) {
    log.error(`The output cannot be written as JSON: ${describe(error)}`)
  }
  return undefined
}
