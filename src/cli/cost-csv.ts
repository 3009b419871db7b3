import { FabricError } from '../model/errors.js'
import { formatDollars } from '../model/money.js'
import { answer } from './answer.js'
import type { Call } from './command.js'
import { csvRow } from './csv.js'

/** Dollars without their sign, as spreadsheets add them up. */
export function csvDollars(nanos: number): string {
  return formatDollars(nanos).slice(1)
}

/** Writes page after page with the titles once. RFC 4180 ends lines with CR LF; a screen shows the CR. */
export async function showCsv(
  { terminal, show }: Call,
  titles: readonly string[],
  pages: AsyncIterable<readonly (readonly string[])[]>,
): Promise<undefined> {
  const end = terminal.interactive ? '' : '\r'
  let head = [titles]
  for await (const rows of pages) {
    const lines = [...head, ...rows].map((cells) => csvRow(cells) + end)
    if (lines.length > 0) show({ ...answer(undefined, lines), verbatim: true })
    head = []
  }
}

export function refuseBothForms({ json }: Call, csv: boolean): void {
  if (json && csv) throw new FabricError('INVALID_ARGUMENT', 'Choose one of --csv and --json.', { field: 'csv' })
}
