import { readSync, writeSync } from 'node:fs'
import { FRAME_HEAD_BYTES, FROM_PARENT, TO_PARENT } from './frames.js'

export interface Frame {
  readonly type: number
  readonly content: Uint8Array
}

/** Waits for the next frame of the parent, in the one thread there is; undefined when the parent is gone. */
export function receive(): Frame | undefined {
  const head = readFully(FRAME_HEAD_BYTES)
  if (head === undefined) return undefined
  const content = readFully(head.readUInt32LE(0))
  return content && { type: head.readUInt8(4), content }
}

export function send(type: number, content: Uint8Array): void {
  const frame = Buffer.allocUnsafe(FRAME_HEAD_BYTES + content.length)
  frame.writeUInt32LE(content.length, 0)
  frame.writeUInt8(type, 4)
  frame.set(content, FRAME_HEAD_BYTES)
  for (let at = 0; at < frame.length; ) at += writeSync(TO_PARENT, frame, at)
}

function readFully(length: number): Buffer | undefined {
  const bytes = Buffer.allocUnsafe(length)
  for (let at = 0; at < length; ) {
    const read = readSync(FROM_PARENT, bytes, at, length - at, null)
    if (read === 0) return undefined
    at += read
  }
  return bytes
}
