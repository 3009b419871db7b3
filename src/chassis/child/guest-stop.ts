import type { ChildEnd } from './frames.js'

/** Thrown by a host function to end the call. WebAssembly 2.0 cannot catch it. */
export class GuestStop extends Error {
  readonly end: ChildEnd

  constructor(end: ChildEnd, message: string) {
    super(message)
    this.end = end
  }
}
