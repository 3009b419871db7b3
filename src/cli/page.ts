import type { CliCommand } from './command.js'
import { wholeNumber } from './option-values.js'

/** What every list takes. */
export interface PageOptions {
  readonly limit?: number
  readonly cursor?: string
}

export function addPageOptions(command: CliCommand): CliCommand {
  return command
    .option('--limit <number>', 'rows of one page (default: 100)', wholeNumber)
    .option('--cursor <cursor>', 'where to go on, as the page before said')
}

interface Page<Row> {
  readonly items: readonly Row[]
  readonly nextCursor?: string
}

export function pageLines<Row>(page: Page<Row>, lines: (rows: readonly Row[]) => string[], none: string): string[] {
  const shown = page.items.length === 0 ? [none] : lines(page.items)
  return page.nextCursor === undefined ? shown : [...shown, '', `More: --cursor ${page.nextCursor}`]
}
