import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findFabric } from '../../../src/cli/mcp/find-fabric.js'
import { takeName, usualName } from '../../../src/cli/mcp/session-name.js'
import { nodeTransport } from '../../../src/client/node-transport.js'
import { openSite, temporaryDirectory } from '../console.js'

test('a fabric that was stopped is looked for, and not started', async () => {
  const directory = await temporaryDirectory()
  const data = join(directory, 'data')
  const transport = nodeTransport()
  try {
    const found = findFabric({ url: undefined, data, env: {}, patienceMs: 50 }, transport, false)
    await expect(found).rejects.toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('ifab up') })
    expect(existsSync(data)).toBe(false)
  } finally {
    transport.close()
    await rm(directory, { recursive: true })
  }
})

test('a fabric that runs is found with the token of its administrator', async () => {
  await using site = await openSite()
  const transport = nodeTransport()
  const data = String(site.env.IFAB_DATA)
  const found = await findFabric({ url: undefined, data, env: {} }, transport, true)
  expect(found.url).toBe(site.hosted.running.url)
  transport.close()
})

test('a session is named after its client and its worktree, in letters that an id may have', async () => {
  expect(await usualName('claude-code', '/work/my repo')).toBe('claude-code-my-repo')
  expect(await usualName('Codex (CLI)', '/Feature_X.2')).toBe('codex-cli-feature_x.2')
  expect(await usualName(undefined, '/')).toBe('agent-main')
  expect(await usualName('日本', '/日本')).toBe('agent-main')
  expect((await usualName('x'.repeat(300), '/y')).length).toBe(120)
})

test('names are taken by one session at a time', async () => {
  const directory = await temporaryDirectory()
  try {
    const names = await Promise.all([1, 2, 3].map(() => takeName(directory, 'a:b')))
    expect(names.map(({ swarm }) => swarm).sort()).toEqual(['a:b', 'a:b-2', 'a:b-3'])
    const second = names.find(({ swarm }) => swarm === 'a:b-2')
    await second?.release()
    expect((await takeName(directory, 'a:b')).swarm).toBe('a:b-2')
  } finally {
    await rm(directory, { recursive: true })
  }
})
