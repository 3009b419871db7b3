import { type Call, FROM_CHILD, GUEST_LOG_LEVELS, LOG_LINE_BYTES, TO_CHILD } from './frames.js'
import { GuestMemory } from './guest-memory.js'
import { GuestStop } from './guest-stop.js'
import { receive, send } from './pipe.js'
import { RandomBytes } from './random-bytes.js'

const NOTHING = new Uint8Array(0)
const NO_CALL: Call = {
  ...{ fuel: 0, outputBytes: 0, logBytes: 0, logLines: 0, logLineBytes: 0, requestBytes: 0 },
  ...{ key: new Uint8Array(32), input: NOTHING },
}

/** What host functions of every profile stand on: one call of a guest, with its bounds. */
export class GuestHost {
  readonly memory = new GuestMemory()
  /** The answer to the last request. */
  response = new Uint8Array(0)
  #call: Call = NO_CALL
  #random: RandomBytes | undefined
  readonly #output: Uint8Array[] = []
  #outputBytes = 0
  #logBytes = 0
  #logLines = 0
  #logFull = false

  /** Until then it gives and takes nothing: an instance can be there before its call. */
  begin(call: Call): void {
    this.#call = call
  }

  get input(): Uint8Array {
    return this.#call.input
  }

  get output(): Uint8Array {
    return Buffer.concat(this.#output)
  }

  /**
   * Lines beyond what a call may log are left out: to log is no reason to fail. Each is left out as a whole, because nobody would
   * know half a token for a secret.
   */
  log(level: number, text: Uint8Array): void {
    const { logBytes, logLines, logLineBytes } = this.#call
    const part = text.subarray(0, logLineBytes)
    const bytes = this.#logBytes + LOG_LINE_BYTES + part.length
    if (bytes > logBytes || this.#logLines >= logLines) {
      if (!this.#logFull) send(FROM_CHILD.logFull, NOTHING)
      this.#logFull = true
      return
    }
    this.#logBytes = bytes
    this.#logLines += 1
    const content = new Uint8Array(1 + part.length)
    content[0] = Math.min(level >>> 0, GUEST_LOG_LEVELS.length - 1)
    content.set(part, 1)
    send(FROM_CHILD.log, content)
  }

  /** Adds to the output. More than is allowed ends the call, since half an answer is none. */
  write(bytes: Uint8Array): void {
    if (this.#outputBytes + bytes.length > this.#call.outputBytes) {
      const what = `it wrote more than ${this.#call.outputBytes} bytes of output`
      throw new GuestStop('output', what)
    }
    this.#outputBytes += bytes.length
    this.#output.push(bytes.slice())
  }

  /** Sends a request and waits for its answer, which becomes the response; false for one that is too long to be sent. */
  request(request: Uint8Array): boolean {
    if (request.length > this.#call.requestBytes) return false
    send(FROM_CHILD.request, request)
    const answer = receive()
    // Without its parent a child has nothing left to do.
    if (answer?.type !== TO_CHILD.answer) process.exit(1)
    this.response = new Uint8Array(answer.content)
    return true
  }

  random(target: Uint8Array): void {
    this.#random ??= new RandomBytes(this.#call.key)
    this.#random.fill(target)
  }

  /** Whole milliseconds since 1970: too coarse to time what a processor does. */
  clockMs(): number {
    return Date.now()
  }
}
