import { expect, test } from 'vitest'
import { withIgnored } from '../../../src/cli/init/ignore-entry.js'

test.each<[string | undefined, string]>([
  [undefined, '.infrafabric/\n'],
  ['', '.infrafabric/\n'],
  ['dist\n', 'dist\n.infrafabric/\n'],
  ['dist', 'dist\n.infrafabric/\n'],
  ['dist\r\n', 'dist\r\n.infrafabric/\r\n'],
  ['/.infrafabric\r\ndist', '/.infrafabric\r\ndist'],
  ['  .infrafabric/ \n', '  .infrafabric/ \n'],
  ['# .infrafabric/\n', '# .infrafabric/\n.infrafabric/\n'],
])('a .gitignore of %j becomes %j', (before, after) => {
  expect(withIgnored(before, '.infrafabric')).toBe(after)
  expect(withIgnored(after, '.infrafabric')).toBe(after)
})

test('names a folder deeper down from where the file is, with what git reads otherwise escaped', () => {
  expect(withIgnored(undefined, 'state/my [1] data')).toBe('/state/my\\ \\[1\\]\\ data/\n')
})
