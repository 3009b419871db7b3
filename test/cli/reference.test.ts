import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { createProgram } from '../../src/cli/program.js'
import { renderCliReference } from './render-reference.js'

// `npm run generate` writes the page anew.
test('the reference of the command line is that of the commands', async () => {
  const program = createProgram(
    async () => undefined,
    () => undefined,
  )
  const path = fileURLToPath(new URL('../../docs/reference/cli.md', import.meta.url))
  await expect(renderCliReference(program)).toMatchFileSnapshot(path)
})
