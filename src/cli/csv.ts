/** What spreadsheets take for the start of a formula; `+` and `-` are among them. */
const FORMULA_START = /^[=+\-@\t\r\n]/

/** One record of RFC 4180 without its line end. A cell that a spreadsheet would run as a formula gets a leading `'`. */
export function csvRow(cells: readonly string[]): string {
  return cells.map(csvCell).join(',')
}

function csvCell(text: string): string {
  const inert = FORMULA_START.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert
}
