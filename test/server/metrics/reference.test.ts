import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { METRICS, type MetricName, rowOf } from '../../../src/server/metrics/table.js'

const BEGIN = '<!-- metrics: begin -->'
const END = '<!-- metrics: end -->'

/** The page with the part between its marks rendered anew. */
function render(page: string): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)]
  if (begin < 0 || end < begin) throw new Error(`the page has no ${BEGIN} ... ${END}`)
  const rows = (Object.keys(METRICS) as MetricName[]).map((name) => {
    const { type, labels = [], help } = rowOf(name)
    return `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`
  })
  const table = ['| metric | type | labels | |', '| --- | --- | --- | --- |', ...rows].join('\n')
  return `${page.slice(0, begin)}${BEGIN}\n\n${table}\n\n${page.slice(end)}`
}

/** `npm run generate` writes it. */
test('the reference of metrics has each metric of the table, and no other', async () => {
  const path = fileURLToPath(new URL('../../../docs/reference/metrics.md', import.meta.url))
  await expect(render(await readFile(path, 'utf8'))).toMatchFileSnapshot(path)
})

test('the alerts of the guide name metrics that there are, and labels that these have', async () => {
  const guide = await readFile(new URL('../../../docs/guide/operations.md', import.meta.url), 'utf8')
  const rules = /^```yaml\n(groups:\n.*?)^```$/ms.exec(guide)?.[1] ?? ''
  const named = [...rules.matchAll(/\b((?:infrafabric|process|nodejs)_\w+?)(?:_bucket)?\b(?:\{(\w+)=)?/g)]
  expect(named.length).toBeGreaterThan(8)
  for (const [, name = '', label] of named) {
    expect(Object.keys(METRICS)).toContain(name)
    if (label !== undefined) expect(rowOf(name as MetricName).labels).toContain(label)
  }
})
