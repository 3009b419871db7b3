import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ENTRY_KINDS } from '../../src/witness/query/entry-kinds.js'

const FORMATS = readFileSync(new URL('../../docs/reference/formats.md', import.meta.url), 'utf8')

/** The names in the first column of each table of entries, with their component. */
function documented(): [name: string, component: string][] {
  const types = FORMATS.slice(FORMATS.indexOf('### Types'), FORMATS.indexOf('## Ids'))
  return types.split(/^Component /m).flatMap((section) => {
    const component = /^`(\w+)`/.exec(section)?.[1] ?? ''
    const rows = [...section.matchAll(/^\| (`.+?`) \|/gm)].map((match) => match[1] ?? '')
    return rows.flatMap((names) =>
      [...names.matchAll(/`(\w+)`/g)].map((match): [string, string] => [match[1] ?? '', component]),
    )
  })
}

test('the page about formats has every entry that is written, under its component, and no other', () => {
  const written = [...ENTRY_KINDS].map(([name, { component }]) => [name, component])
  expect(documented().sort()).toEqual(written.sort())
})
