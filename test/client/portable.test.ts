import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { nodeTransport } from '../../src/client/node-transport.js'
import { fetchTransport } from '../../src/client/transport.js'
import { serveFabric } from '../support/served-fabric.js'

/** What a module loads at run time: its imports and exports from elsewhere that are not only types. */
function loadedModules(source: string): string[] {
  const statements = source.matchAll(/^(?:import|export) (?!type )(?:([^'"]*?) from )?'([^']+)'$/gm)
  return [...statements].flatMap(([, names, module]) => {
    const onlyTypes = names
      ?.match(/^\{(.*)\}/s)?.[1]
      ?.split(',')
      .every((name) => /^\s*(?:type .*)?$/.test(name))
    return onlyTypes === true || module === undefined ? [] : [module]
  })
}

describe('the core of the client', () => {
  test('loads nothing but its own files, so that it runs in a browser', async () => {
    const seen = new Set<string>()
    const foreign: string[] = []
    const visit = async (url: URL): Promise<void> => {
      if (seen.has(url.href)) return
      seen.add(url.href)
      for (const module of loadedModules(await readFile(url, 'utf8'))) {
        if (module.startsWith('.')) await visit(new URL(module.replace(/\.js$/, '.ts'), url))
        else foreign.push(module)
      }
    }
    await visit(new URL('../../src/client/client.ts', import.meta.url))
    expect(foreign).toEqual([])
    const files = [...seen].map((href) => href.split('/src/')[1])
    expect(files).toEqual(expect.arrayContaining(['client/call.ts', 'client/events.ts', 'model/errors.ts']))
    expect(files.filter((file) => !/^(client|model)\//.test(file ?? ''))).toEqual([])
  })

  test('would be caught loading something else', () => {
    expect(loadedModules("import { request } from 'node:http'\n")).toEqual(['node:http'])
    expect(loadedModules("import * as z from 'zod'\nexport { type A, b } from './x.js'\n")).toEqual(['zod', './x.js'])
    expect(loadedModules("import type { A } from 'zod'\nimport { type B, type C } from 'y'\n")).toEqual([])
  })
})

describe.each(['fetch', 'node'])('over %s', (kind) => {
  test('calls succeed, fail and end alike', async () => {
    await using served = await serveFabric()
    const node = nodeTransport()
    const client = served.connect({ transport: kind === 'node' ? node : fetchTransport(fetch), retries: 0 })
    const title = 'caf\u00e9 \u20ac \u{1f600}'
    expect(await client.task.create({ id: 'T:1', title })).toMatchObject({ id: 'T:1', title })
    expect((await client.task.show({ task: 'T:1' })).task.title).toBe(title)
    await expect(client.task.show({ task: 'T2' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await served.server.close()
    await expect(client.fabric.status()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    node.close()
  })
})
