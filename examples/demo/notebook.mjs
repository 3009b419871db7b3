import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sharedMs } from './clock.mjs'

/**
 * What the fabric acknowledged to one process, a JSON line each. A line is with the operating system before the next
 * call is made, so it outlives a SIGKILL of its writer: the witness against which the log is held afterwards.
 */
export class Notebook {
  #path

  constructor(directory, owner) {
    this.#path = join(directory, `${owner}.jsonl`)
  }

  /** Runs a call and notes what `describe` makes of its answer, with the times of the request and of the answer. */
  async acknowledged(call, describe) {
    const sentAt = sharedMs()
    const reply = await call()
    const note = describe(reply)
    if (note) this.write({ ...note, sentAt, answeredAt: sharedMs() })
    return reply
  }

  write(note) {
    appendFileSync(this.#path, `${JSON.stringify(note)}\n`)
  }

  read() {
    return existsSync(this.#path) ? readLines(this.#path) : []
  }
}

/** The notes of everyone. */
export function readNotebooks(directory) {
  return readdirSync(directory).flatMap((name) => readLines(join(directory, name)))
}

/** A line without its end was cut short by the death of its writer. */
function readLines(path) {
  return readFileSync(path, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))
}
