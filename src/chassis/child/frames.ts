/**
 * What parent and child say to each other, over one pipe for each direction. A frame is its length (4 bytes, little-endian,
 * without these five), its type (1 byte), and its content. Numbers in contents are little-endian.
 */
export const FRAME_HEAD_BYTES = 5

/** File descriptors of the child. */
export const FROM_PARENT = 3
export const TO_PARENT = 4

/** From the parent. Each but `answer` is sent when the child waits for work. */
export const TO_CHILD = {
  /** Profile (1 byte: its place in `GUEST_PROFILES`), then the module. The answer is `loaded` or `ended`. */
  load: 1,
  /** What `callFrame` writes. The answer is `ended`, and before it come `log` and `request`. */
  call: 2,
  /** To a `request`. */
  answer: 3,
} as const

/** From the child. */
export const FROM_CHILD = {
  ready: 16,
  loaded: 17,
  /** Level (1 byte: its place in `GUEST_LOG_LEVELS`), then the text. No answer. */
  log: 18,
  /** An HTTP request. The child waits for its `answer`. */
  request: 19,
  /** What `endedFrame` writes. */
  ended: 20,
  /** Lines of the log were left out. Without content, once in a call. No answer. */
  logFull: 21,
} as const

/** Profiles by their number on the wire, the same as those of contracts. */
export const GUEST_PROFILES = ['core', 'typescript'] as const
export type GuestProfile = (typeof GUEST_PROFILES)[number]

/** Levels of the guest's log, by the number that it gives. */
export const GUEST_LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const

/** How the child may say that a call ended: the ends of `sandbox/run.ts` that it can know. */
export const CHILD_ENDS = [
  'completed',
  'failed',
  'fuel',
  'memory',
  'table',
  'stack',
  'trap',
  'output',
  'host_call',
] as const
export type ChildEnd = (typeof CHILD_ENDS)[number]

export interface Call {
  readonly fuel: number
  /** Most output, log text and bytes of one request. */
  readonly outputBytes: number
  readonly logBytes: number
  readonly requestBytes: number
  /** Log lines, and bytes of one: of a longer one these. */
  readonly logLines: number
  readonly logLineBytes: number
  /** Key of the random bytes, 32 bytes. */
  readonly key: Uint8Array
  readonly input: Uint8Array
}

const CALL_HEAD_BYTES = 6 * 8
const KEY_BYTES = 32

/** What one line of the log costs of the bytes that a call may log, beside its text. */
export const LOG_LINE_BYTES = 16

export function encodeCall(call: Call): Uint8Array {
  const { fuel, outputBytes, logBytes, requestBytes, logLines, logLineBytes, key, input } = call
  const content = new Uint8Array(CALL_HEAD_BYTES + KEY_BYTES + input.length)
  const view = new DataView(content.buffer)
  for (const [index, value] of [fuel, outputBytes, logBytes, requestBytes, logLines, logLineBytes].entries()) {
    view.setFloat64(index * 8, value, true)
  }
  content.set(key.subarray(0, KEY_BYTES), CALL_HEAD_BYTES)
  content.set(input, CALL_HEAD_BYTES + KEY_BYTES)
  return content
}

export function decodeCall(content: Uint8Array): Call {
  const view = new DataView(content.buffer, content.byteOffset, content.length)
  const number = (index: number) => view.getFloat64(index * 8, true)
  return {
    fuel: number(0),
    outputBytes: number(1),
    logBytes: number(2),
    requestBytes: number(3),
    logLines: number(4),
    logLineBytes: number(5),
    key: content.subarray(CALL_HEAD_BYTES, CALL_HEAD_BYTES + KEY_BYTES),
    input: content.subarray(CALL_HEAD_BYTES + KEY_BYTES),
  }
}

export interface Ended {
  readonly end: ChildEnd
  /** What `run` gave, where it came to its end. */
  readonly code: number
  readonly fuelUsed: number
  readonly memoryBytes: number
  readonly message: string
  readonly output: Uint8Array
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Least bytes of an `ended` frame. */
export const ENDED_HEAD_BYTES = 1 + 4 + 8 + 8 + 2
/** Bytes of the message of a bad end. */
export const END_MESSAGE_BYTES = 512

export function encodeEnded({ end, code, fuelUsed, memoryBytes, message, output }: Ended): Uint8Array {
  const text = encoder.encode(message).subarray(0, END_MESSAGE_BYTES)
  const content = new Uint8Array(ENDED_HEAD_BYTES + text.length + output.length)
  const view = new DataView(content.buffer)
  content[0] = CHILD_ENDS.indexOf(end)
  view.setInt32(1, code, true)
  view.setFloat64(5, fuelUsed, true)
  view.setFloat64(13, memoryBytes, true)
  view.setUint16(21, text.length, true)
  content.set(text, ENDED_HEAD_BYTES)
  content.set(output, ENDED_HEAD_BYTES + text.length)
  return content
}

/** What a child says of the end of a call, or undefined for what no child of ours would say. */
export function decodeEnded(content: Uint8Array): Ended | undefined {
  if (content.length < ENDED_HEAD_BYTES) return undefined
  const view = new DataView(content.buffer, content.byteOffset, content.length)
  const end = CHILD_ENDS[content[0] ?? 255]
  const fuelUsed = view.getFloat64(5, true)
  const memoryBytes = view.getFloat64(13, true)
  const messageBytes = view.getUint16(21, true)
  if (end === undefined || !isCount(fuelUsed) || !isCount(memoryBytes)) return undefined
  if (messageBytes > END_MESSAGE_BYTES || ENDED_HEAD_BYTES + messageBytes > content.length) return undefined
  const code = view.getInt32(1, true)
  if ((end === 'completed' && code !== 0) || (end === 'failed' && code === 0)) return undefined
  const text = content.subarray(ENDED_HEAD_BYTES, ENDED_HEAD_BYTES + messageBytes)
  return {
    end,
    code,
    fuelUsed,
    memoryBytes,
    message: text.length === 0 ? '' : decoder.decode(text).replace(/[^ -~]/g, '?'),
    output: content.subarray(ENDED_HEAD_BYTES + messageBytes),
  }
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}
