import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { OPERATION_LIST } from '../../src/operations/table.js'
import { renderHttpReference, renderRoutes } from '../support/reference.js'

function projectFile(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url))
}

// `npm run generate` writes both files anew.
test('the routes of the client are those of the table', async () => {
  await expect(renderRoutes(OPERATION_LIST)).toMatchFileSnapshot(projectFile('src/client/routes.ts'))
})

test('the HTTP reference lists the operations of the table', async () => {
  const path = projectFile('docs/reference/http.md')
  await expect(renderHttpReference(await readFile(path, 'utf8'), OPERATION_LIST)).toMatchFileSnapshot(path)
})
