import { randomBytes } from 'node:crypto'
import { pino } from 'pino'
import type { LogFormat, LogLevel } from '../model/log-level.js'
import { formatTimestamp } from '../model/time.js'
import { Redactor } from '../witness/redact.js'
import { LogRedaction } from './logging-redaction.js'
import { textLine } from './logging-text.js'

export type LogFields = Readonly<Record<string, unknown>>

export interface LogOptions {
  /** Default: `info`. */
  readonly level?: LogLevel
  readonly format?: LogFormat
  /** Takes whole lines, each with its line break. */
  readonly write: (lines: string) => void
  /** Milliseconds since the Unix epoch. Default: the clock of the system. */
  readonly now?: () => number
}

/** What the process tells whoever runs it. Secrets are taken out of every field and text, at any depth. */
export interface Log {
  error(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  debug(message: string, fields?: LogFields): void
  /** Whether lines of this level are written: what is dear to make need not be made. */
  writes(level: LogLevel): boolean
  /** Names a secret that must appear nowhere, such as the token of this fabric, until that is taken back. */
  declare(secret: string): () => void
}

export function createLog({ level = 'info', format = 'text', write, now = Date.now }: LogOptions): Log {
  const redactor = new Redactor({ key: randomBytes(32) })
  const redaction = new LogRedaction(redactor)
  const logger = pino(
    {
      level,
      base: null,
      messageKey: 'message',
      timestamp: () => `,"time":"${formatTimestamp(now())}"`,
      // An `error` is plain fields by then; pino's own serializer would add what was taken out.
      serializers: {},
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: format === 'json' ? write : (line) => write(textLine(JSON.parse(line))) },
  )
  const at =
    (chosen: LogLevel) =>
    (message: string, fields: LogFields = {}) => {
      if (logger.isLevelEnabled(chosen)) logger[chosen](redaction.fields(fields), redaction.text(message))
    }
  return {
    error: at('error'),
    warn: at('warn'),
    info: at('info'),
    debug: at('debug'),
    writes: (chosen) => logger.isLevelEnabled(chosen),
    declare: (secret) => redactor.declare(secret),
  }
}
