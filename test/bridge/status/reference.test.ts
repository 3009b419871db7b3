import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { FIELD_NAMES } from '../../../src/bridge/status/fields.js'

test('the page about status files has every name of a field, and no other', () => {
  const page = readFileSync(new URL('../../../docs/reference/status-files.md', import.meta.url), 'utf8')
  const table = page.slice(page.indexOf('| field | names |'), page.indexOf('Other fields are left alone'))
  const rows = table.split('\n').flatMap((row) => row.split('|')[2] ?? [])
  const documented = rows.flatMap((names) => [...names.matchAll(/`(\w+)`/g)].map(([, name]) => name))
  expect(documented.sort()).toEqual(Object.values(FIELD_NAMES).flat().sort())
})
