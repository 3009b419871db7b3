// Takes the place of the program in a child process, and lies to the parent. What it says to a call is the input of that call: a
// list of what to do, one word each, done in order.
import { readSync, writeSync } from 'node:fs'

const LOAD = 1
const READY = 16
const LOADED = 17
const LOG = 18
const REQUEST = 19
const ENDED = 20
const LOG_FULL = 21
const CALL_HEAD_BYTES = 6 * 8 + 32

function read(length) {
  const bytes = Buffer.alloc(length)
  for (let at = 0; at < length; ) {
    const count = readSync(3, bytes, at, length - at)
    if (count === 0) process.exit(0)
    at += count
  }
  return bytes
}

function receive() {
  const head = read(5)
  return { type: head[4], content: read(head.readUInt32LE(0)) }
}

function frame(type, content, length = content.length) {
  const head = Buffer.alloc(5)
  head.writeUInt32LE(length, 0)
  head.writeUInt8(type, 4)
  return Buffer.concat([head, content])
}

function ended({ end = 0, code = 0, fuel = 1, memory = 0, message = '', output = 'a good end' } = {}) {
  const head = Buffer.alloc(23)
  head.writeUInt8(end, 0)
  head.writeInt32LE(code, 1)
  head.writeDoubleLE(fuel, 5)
  head.writeDoubleLE(memory, 13)
  head.writeUInt16LE(message.length, 21)
  return frame(ENDED, Buffer.concat([head, Buffer.from(message), Buffer.from(output)]))
}

const write = (...frames) => writeSync(4, Buffer.concat(frames))
const log = (length, level = 0) => frame(LOG, Buffer.concat([Buffer.of(level), Buffer.alloc(length, 'x')]))

const LIES = {
  good: () => write(ended()),
  'huge-frame': () => write(frame(ENDED, Buffer.alloc(0), 0xffffffff)),
  'large-frame': () => write(frame(REQUEST, Buffer.alloc(0), 64 * 1024 * 1024)),
  'unknown-type': () => write(frame(99, Buffer.from('x'))),
  'type-of-parent': () => write(frame(LOAD, Buffer.alloc(0))),
  'ready-again': () => write(frame(READY, Buffer.alloc(0))),
  'loaded-again': () => write(frame(LOADED, Buffer.alloc(0))),
  'second-output': () => write(ended(), ended({ output: 'another' })),
  'log-after-end': () => write(ended(), log(1)),
  'short-end': () => write(frame(ENDED, Buffer.from('short'))),
  'unknown-end': () => write(ended({ end: 200 })),
  'negative-fuel': () => write(ended({ fuel: -1 })),
  'more-fuel': () => write(ended({ fuel: 2 ** 50 })),
  'more-memory': () => write(ended({ memory: 2 ** 53 - 1 })),
  'a-byte-more-memory': () => write(ended({ memory: 256 * 1024 * 1024 + 1 })),
  'no-number': () => write(ended({ fuel: Number.NaN })),
  'wrong-success': () => write(ended({ code: 1 })),
  'long-message': () => write(ended({ message: 'x'.repeat(600) })),
  'much-output': () => write(ended({ output: 'x'.repeat(200) })),
  'much-log': () => write(log(100)),
  'many-lines': () => write(...Array.from({ length: 100 }, () => log(0))),
  'wrong-level': () => write(log(1, 9)),
  'full-twice': () => write(frame(LOG_FULL, Buffer.alloc(0)), frame(LOG_FULL, Buffer.alloc(0))),
  'two-requests': () => write(frame(REQUEST, Buffer.from('one')), frame(REQUEST, Buffer.from('two'))),
  'end-in-request': () => write(frame(REQUEST, Buffer.from('one')), ended()),
  'half-a-frame': () => {
    write(ended().subarray(0, 10))
    process.exit(0)
  },
  die: () => process.exit(7),
  abort: () => process.abort(),
  kill: () => process.kill(process.pid, 'SIGKILL'),
  'say-nothing': () => receive(),
  /** Asks, and reads no answer. */
  deaf: () => {
    for (let asked = 0; asked < 10; asked++) {
      write(frame(REQUEST, Buffer.from('one')))
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50)
    }
  },
}

write(frame(READY, Buffer.alloc(0)))
for (;;) {
  const { type, content } = receive()
  if (type === LOAD) {
    // The module of the test is a word for what to do when it is loaded.
    const lie = LIES[content.subarray(1).toString()]
    if (lie !== undefined) lie()
    else write(frame(LOADED, Buffer.alloc(0)))
  } else {
    const words = content.subarray(CALL_HEAD_BYTES).toString()
    for (const word of words.split(' ')) LIES[word]()
  }
}
