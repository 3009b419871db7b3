import { escapeControls } from '../model/escape-controls.js'

/** One line of a log as pino wrote it. */
export interface LogLine {
  readonly level: string
  readonly time: string
  readonly message: string
  readonly [field: string]: unknown
}

/**
 * `<time> <level> <message> <field>=<value>...`; the stack of an error follows on lines of its own. What
 * somebody put into a message must not look like a line of the log.
 */
export function textLine({ level, time, message, ...fields }: LogLine): string {
  const { error, ...plain } = fields
  const parts = Object.entries(plain).map(([name, value]) => `${name}=${valueText(value)}`)
  return `${[time, level.padEnd(5), escapeControls(message), ...parts].join(' ')}\n${stackText(error)}`
}

function valueText(value: unknown): string {
  return typeof value === 'string' && /^[^\s"=\p{C}]+$/u.test(value) ? value : JSON.stringify(value)
}

function stackText(error: unknown): string {
  if (error === undefined) return ''
  if (typeof error !== 'object' || error === null) return `    ${escapeControls(String(error))}\n`
  const { name, message, stack, cause } = error as Readonly<Record<string, unknown>>
  const said = typeof stack === 'string' ? stack : `${name ?? 'Error'}: ${message ?? JSON.stringify(error)}`
  const lines = said.split('\n').map((line) => `    ${escapeControls(line)}\n`)
  return `${lines.join('')}${cause === undefined ? '' : `    caused by\n${stackText(cause)}`}`
}
