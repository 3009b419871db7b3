/** What JavaScript in a module and the module below it agree on. */

/** Functions that the module gives to JavaScript: see `guest-functions.ts`. */
export interface Native {
  /** Asks the host; what the numbers mean depends on the operation. */
  call(operation: number, value: number, bytes: Uint8Array): number
  /** UTF-8; half a surrogate pair comes out as three bytes that are none. */
  encode(text: string): Uint8Array
  decode(bytes: Uint8Array): string
}

/** Name of the global in which they are when evaluation begins; tools do not find it there. */
export const NATIVE_GLOBAL = 'ifab native'

/** What `run` of a baked module gives. */
export const RUN_CODES = {
  completed: 0,
  /** The tool threw, or its promise was broken. */
  threw: 1,
  /** Its promise can not be settled by anything any more. */
  unsettled: 2,
  /** The input is not JSON. */
  input: 3,
  /** The output is nothing in JSON. */
  output: 4,
  /** The host did not take the output. */
  refused: 5,
  /** The engine is at its end, so that no JavaScript runs any more. */
  engine: 6,
} as const
