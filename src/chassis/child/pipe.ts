import { readSync, writeSync } from 'node:fs'
import { FRAME_HEAD_BYTES, FROM_PARENT, TO_PARENT } from './frames.js'

export interface Frame {
  readonly type: number
  readonly content: Uint8Array
}

/** What was read and not yet taken: one call of the system brings most frames whole. */
const buffer = Buffer.alloc(64 * 1024)
let held = buffer.subarray(0, 0)

/** Waits for the next frame of the parent, in the one thread there is; undefined when the parent is gone. */
export function receive(): Frame | undefined {
  const head = take(FRAME_HEAD_BYTES)
  if (head === undefined) return undefined
  const type = head.readUInt8(4)
  const content = take(head.readUInt32LE(0))
  return content && { type, content }
}

export function send(type: number, content: Uint8Array): void {
  const frame = Buffer.allocUnsafe(FRAME_HEAD_BYTES + content.length)
  frame.writeUInt32LE(content.length, 0)
  frame.writeUInt8(type, 4)
  frame.set(content, FRAME_HEAD_BYTES)
  for (let at = 0; at < frame.length; ) at += writeSync(TO_PARENT, frame, at)
}

/** A copy of the next bytes. */
function take(length: number): Buffer | undefined {
  const bytes = Buffer.allocUnsafe(length)
  for (let at = 0; at < length; ) {
    if (held.length === 0) {
      const read = readSync(FROM_PARENT, buffer, 0, buffer.length, null)
      if (read === 0) return undefined
      held = buffer.subarray(0, read)
    }
    const copied = held.copy(bytes, at, 0, length - at)
    held = held.subarray(copied)
    at += copied
  }
  return bytes
}
