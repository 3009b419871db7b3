/** One line of a log as pino wrote it. */
export interface LogLine {
  readonly level: string
  readonly time: string
  readonly message: string
  readonly [field: string]: unknown
}

/** `<time> <level> <message> <field>=<value>...`; the stack of an error follows on lines of its own. */
export function textLine({ level, time, message, ...fields }: LogLine): string {
  const { error, ...plain } = fields
  const parts = Object.entries(plain).map(([name, value]) => `${name}=${valueText(value)}`)
  return `${[time, level.padEnd(5), harmless(message), ...parts].join(' ')}\n${stackText(error)}`
}

function valueText(value: unknown): string {
  return typeof value === 'string' && /^[^\s"=\p{C}]+$/u.test(value) ? value : JSON.stringify(value)
}

/** Only the stack of an error has lines of its own: what somebody put into a message must not look like a line of the log. */
function harmless(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu,
    (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

function stackText(error: unknown): string {
  if (error === undefined) return ''
  if (typeof error !== 'object' || error === null) return `    ${harmless(String(error))}\n`
  const { name, message, stack, cause } = error as Readonly<Record<string, unknown>>
  const said = typeof stack === 'string' ? stack : `${name ?? 'Error'}: ${message ?? JSON.stringify(error)}`
  const lines = said.split('\n').map((line) => `    ${harmless(line)}\n`)
  return `${lines.join('')}${cause === undefined ? '' : `    caused by\n${stackText(cause)}`}`
}
