import { LOG_LEVELS, type LogLevel } from '../../../model/log-level.js'
import { ask, decode, encode } from './native.js'
import type { Log } from './tool.js'

const write = (level: LogLevel) => (message: string) => {
  ask('log', LOG_LEVELS.indexOf(level), encode(String(message)))
}

export const log: Log = { error: write('error'), warn: write('warn'), info: write('info'), debug: write('debug') }

/** What went wrong, on one line: `TypeError: not a function`. */
export function describe(thrown: unknown): string {
  try {
    return shown(thrown)
  } catch {
    return 'something was thrown that cannot be shown'
  }
}

function shown(value: unknown): string {
  if (typeof value === 'string') return value
  if (value instanceof Error) return value.message === '' ? value.name : `${value.name}: ${value.message}`
  return (typeof value === 'object' && value !== null ? JSON.stringify(value) : undefined) ?? String(value)
}

const writeAll =
  (level: keyof Log) =>
  (...values: readonly unknown[]) =>
    log[level](values.map(describe).join(' '))

/** In UTF-8 only, and whole texts only: what most libraries use of them. */
class Utf8Encoder {
  readonly encoding = 'utf-8'
  encode(text = ''): Uint8Array {
    return encode(String(text))
  }
}

class Utf8Decoder {
  readonly encoding = 'utf-8'
  constructor(label = 'utf-8') {
    if (!/^utf-?8$/i.test(label)) throw new RangeError(`There is no decoder for ${label} here, only for utf-8.`)
  }
  decode(bytes: ArrayBufferView | ArrayBuffer = new Uint8Array(0)): string {
    const view = ArrayBuffer.isView(bytes)
      ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      : new Uint8Array(bytes)
    return decode(view)
  }
}

/** Globals that the language itself does not have. */
Object.assign(globalThis, {
  console: {
    error: writeAll('error'),
    warn: writeAll('warn'),
    info: writeAll('info'),
    log: writeAll('info'),
    debug: writeAll('debug'),
  },
  TextEncoder: Utf8Encoder,
  TextDecoder: Utf8Decoder,
})
