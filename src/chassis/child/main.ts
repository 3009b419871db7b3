/**
 * The program of a child process: it compiles one module and calls it, each time in a new instance. It has nothing to keep
 * secret, and ends when its parent does.
 */
import { decodeCall, encodeEnded, FROM_CHILD, GUEST_PROFILES, TO_CHILD } from './frames.js'
import { compileFailed, type Guest, type PreparedGuest, prepareGuest, runGuest } from './guest.js'
import { engine } from './guest-memory.js'
import { receive, send } from './pipe.js'

/** Of old instances; beyond it they are cleared away before the next call, so that each finds the room it may use. */
const LEFT_BEHIND_BYTES = 64 * 1024 * 1024

const NOTHING = new Uint8Array(0)
const collect = (globalThis as { readonly gc?: () => void }).gc

function load(content: Uint8Array): Guest | undefined {
  const profile = GUEST_PROFILES[content[0] ?? 0] ?? 'core'
  try {
    const guest = { module: new engine.Module(content.subarray(1)), profile }
    send(FROM_CHILD.loaded, NOTHING)
    return guest
  } catch (error) {
    send(FROM_CHILD.ended, encodeEnded(compileFailed(error)))
    return undefined
  }
}

/** The next instance is made when an answer is sent, while the parent is busy with that: no call has to wait for it. */
function serve(): void {
  let guest: Guest | undefined
  let prepared: PreparedGuest | undefined
  let leftBehind = 0
  send(FROM_CHILD.ready, NOTHING)
  for (let frame = receive(); frame !== undefined; frame = receive()) {
    if (frame.type === TO_CHILD.load) {
      guest = load(frame.content)
    } else if (frame.type === TO_CHILD.call && prepared !== undefined) {
      const ended = runGuest(prepared, decodeCall(frame.content))
      prepared = undefined
      send(FROM_CHILD.ended, encodeEnded(ended))
      leftBehind += ended.memoryBytes
    }
    if (leftBehind >= LEFT_BEHIND_BYTES) {
      collect?.()
      leftBehind = 0
    }
    prepared = guest && prepareGuest(guest)
  }
}

serve()
