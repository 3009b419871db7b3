/** Host functions of the profile `core`, for AssemblyScript. Pointers and lengths count bytes of the module's own memory. */

@external('ifab', 'log')
declare function hostLog(level: i32, pointer: usize, length: i32): void
@external('ifab', 'input_length')
declare function inputLength(): i32
@external('ifab', 'read_input')
declare function hostReadInput(pointer: usize, offset: i32, length: i32): i32
@external('ifab', 'write_output')
declare function hostWriteOutput(pointer: usize, length: i32): i32
@external('ifab', 'http_request')
declare function hostHttpRequest(pointer: usize, length: i32): i32
@external('ifab', 'response_length')
declare function responseLength(): i32
@external('ifab', 'read_response')
declare function hostReadResponse(pointer: usize, offset: i32, length: i32): i32
/** Milliseconds since 1970. */
@external('ifab', 'clock_ms')
export declare function clockMs(): i64
@external('ifab', 'random')
declare function hostRandom(pointer: usize, length: i32): void

export enum Level {
  Error,
  Warn,
  Info,
  Debug,
}

/** One line of the log. */
export function log(level: Level, text: string): void {
  const bytes = String.UTF8.encode(text)
  hostLog(level, changetype<usize>(bytes), bytes.byteLength)
}

/** All of the input. */
export function readInput(): ArrayBuffer {
  const bytes = new ArrayBuffer(inputLength())
  hostReadInput(changetype<usize>(bytes), 0, bytes.byteLength)
  return bytes
}

/** Adds text to the output: 0, or -1 when it was not taken. */
export function writeOutput(text: string): i32 {
  const bytes = String.UTF8.encode(text)
  return hostWriteOutput(changetype<usize>(bytes), bytes.byteLength)
}

/** Sends a request in JSON and waits for the answer, in JSON too; null when it was not taken. */
export function httpRequest(request: string): string | null {
  const bytes = String.UTF8.encode(request)
  if (hostHttpRequest(changetype<usize>(bytes), bytes.byteLength) !== 0) return null
  const answer = new ArrayBuffer(responseLength())
  hostReadResponse(changetype<usize>(answer), 0, answer.byteLength)
  return String.UTF8.decode(answer)
}

/** The same bytes in each call with the same seed. */
export function random(length: i32): ArrayBuffer {
  const bytes = new ArrayBuffer(length)
  hostRandom(changetype<usize>(bytes), length)
  return bytes
}
