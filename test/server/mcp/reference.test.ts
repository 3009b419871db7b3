import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { allTools, CORE } from '../../../src/server/mcp/tool-set.js'
import { renderMcpReference } from './render-reference.js'

// `npm run generate` writes the page anew.
test('the MCP reference lists the tools', async () => {
  const path = fileURLToPath(new URL('../../../docs/reference/mcp.md', import.meta.url))
  const page = await readFile(path, 'utf8')
  await expect(renderMcpReference(page, CORE, await allTools('admin'))).toMatchFileSnapshot(path)
})
