/** Rows under titles, each column as wide as its widest cell and two spaces apart. */
export function alignColumns(titles: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const lines = [titles, ...rows].map((cells) => cells.map(oneLine))
  const widths = titles.map((_, column) => Math.max(...lines.map((cells) => widthOf(cells[column] ?? ''))))
  return lines.map((cells) => joinCells(cells, widths))
}

/** Names and values below each other, for one thing shown in full. Pairs without a value are left out. */
export function alignFields(fields: readonly (readonly [name: string, value: string | undefined])[]): string[] {
  const given = fields.flatMap(([name, value]) => (value === undefined || value === '' ? [] : [[name, value] as const]))
  const width = Math.max(0, ...given.map(([name]) => name.length))
  return given.flatMap(([name, value]) =>
    value.split('\n').map((line, index) => `${(index === 0 ? name : '').padEnd(width)}  ${line}`.trimEnd()),
  )
}

function joinCells(cells: readonly string[], widths: readonly number[]): string {
  return cells
    .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - widthOf(cell)))
    .join('  ')
    .trimEnd()
}

/** Longer cells are cut. */
const LONGEST_CELL = 60

function oneLine(cell: string): string {
  const flat = cell.replace(/\s+/g, ' ').trim()
  return widthOf(flat) > LONGEST_CELL ? `${[...flat].slice(0, LONGEST_CELL - 3).join('')}...` : flat || '-'
}

function widthOf(text: string): number {
  return [...text].length
}
