import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readBriefing } from '../../../src/cli/prime/read.js'
import { connect } from '../../../src/client/client.js'
import { ifab, openSite, type Site } from '../console.js'

let site: Site
beforeAll(async () => {
  site = await openSite()
})
afterAll(() => site[Symbol.asyncDispose]())

describe('ifab prime', () => {
  test('tells a swarm of its claims, messages, questions and work', async () => {
    await site.run('swarm', 'register', 'alice', '--capabilities', 'code:rust', '--tier', 'opus')
    await site.run('swarm', 'register', 'bob')
    await site.run('task', 'create', 'A1', '--title', 'Parser', '--requires', 'code:rust')
    await site.run('task', 'create', 'A2', '--title', 'Printer')
    await site.run('task', 'create', 'A3', '--title', 'For others', '--requires', 'code:go')
    const { epoch } = await site.json<{ epoch: number }>('claim', 'A1', '--as', 'alice')
    await site.run('milestone', 'A1', '25', '--epoch', String(epoch), '--note', 'begun')
    await site.run('swarm', 'send', 'alice', 'Mind the gap', '--as', 'bob', '--task', 'A1')
    await site.run('escalation', 'ask', 'Tabs or spaces?', '--as', 'alice')
    await site.run('escalation', 'ask', 'Not hers', '--as', 'bob')
    const briefing = await site.json('prime', '--as', 'alice')
    expect(briefing).toMatchObject({
      running: true,
      swarm: 'alice',
      tier: 'opus',
      capabilities: ['code:rust'],
      claims: [{ task: 'A1', epoch, title: 'Parser', percent: 25, stuck: false, leaseEndsAt: expect.any(String) }],
      messages: [{ from: 'swarm:bob', task: 'A1', text: 'Mind the gap' }],
      questions: [{ asker: 'swarm:alice', question: 'Tabs or spaces?' }],
      ready: [{ task: 'A2', title: 'Printer' }],
      stops: [],
      more: {},
    })
    const text = await site.run('prime', '--as', 'alice')
    expect(text).toContain('You are alice (opus; code:rust). Tasks: 2 available, 1 claimed.')
    // To register again would take its capabilities back.
    expect(text).not.toContain('swarm register')
    expect(text).toContain(`- A1 epoch ${epoch}, 25%, lease until `)
    // It acknowledges nothing.
    expect(await site.json('prime', '--as', 'alice')).toEqual(briefing)
  })

  test('tells a swarm whose breaker is open to stop', async () => {
    await site.run('swarm', 'register', 'carol')
    await site.run('governor', 'breaker', 'trip', 'carol', '--reason', 'it loops')
    const { stops, ready } = await site.json<{ stops: { reason: string }[]; ready: unknown[] }>(
      'prime',
      '--as',
      'carol',
    )
    expect(stops).toEqual([{ reason: expect.stringContaining('it loops') }])
    expect(ready).toEqual([])
  })

  test('stays under 1,500 tokens on a giant board with a full inbox', async () => {
    const rows = Array.from({ length: 400 }, (_, row) => `| G${row} | ${'Long title '.repeat(40)} |`)
    const board = join(site.directory, 'giant.md')
    await writeFile(board, ['| ID | Task |', '| --- | --- |', ...rows].join('\n'))
    await site.run('board', 'import', board)
    await site.run('swarm', 'register', 'dora', '--capacity', '30')
    for (let row = 0; row < 30; row += 1) {
      await site.run('claim', `G${row}`, '--as', 'dora')
      await site.run('swarm', 'send', 'dora', 'Read this at once. '.repeat(400))
    }
    for (const options of [[], ['--json']]) {
      const text = await site.run('prime', '--as', 'dora', ...options)
      expect(text.length / 4).toBeLessThan(1_500)
    }
    const { claims, messages, more } = await site.json<{ claims: []; messages: []; more: object }>(
      'prime',
      '--as',
      'dora',
    )
    expect({ claims: claims.length, messages: messages.length, more }).toEqual({
      claims: 6,
      messages: expect.any(Number),
      more: { ready: expect.any(Number), messages: 30 - messages.length, claims: 24 },
    })
  })

  test('is about the swarm of the token, which needs no other rights', async () => {
    const { issued } = await site.json<{ issued: { token: string } }>('swarm', 'register', 'erin')
    const { exit, out, err } = await ifab({ ...site.env, IFAB_TOKEN: issued.token }, 'prime')
    expect({ exit, err }).toEqual({ exit: 0, err: '' })
    expect(out).toContain('You are erin (no capabilities).')
  })

  test('tells a person of the board', async () => {
    const text = await site.run('prime')
    expect(text).toContain('You speak for no swarm.')
    expect(text).toContain('Questions that wait for a person:')
  })

  test('says in one line, and as no failure, that there is no board, no way in or no such swarm', async () => {
    const nowhere = { IFAB_DATA: join(site.directory, 'nowhere') }
    const none = await ifab(nowhere, 'prime', '--as', 'alice')
    expect(none).toMatchObject({ exit: 0, err: '' })
    expect(none.out).toMatch(/^No InfraFabric task board runs here\. Start it with `ifab up --detach`.*\n$/)
    expect(JSON.parse((await ifab(nowhere, 'prime', '--json')).out)).toMatchObject({ running: false })
    const foreign = await ifab({ ...site.env, IFAB_TOKEN: 'wrong' }, 'prime')
    expect(foreign).toMatchObject({ exit: 0, err: '' })
    expect(foreign.out).toMatch(/^The InfraFabric task board does not let you in\. .*\n$/)
    expect(await site.run('prime', '--as', 'nobody')).toMatch(/^nobody is not on the InfraFabric task board\. .*\n$/)
  })

  test('does not wait for a fabric that does not answer', async () => {
    const server = createServer(() => undefined).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    try {
      const { port } = server.address() as AddressInfo
      const fabric = connect({ url: `http://127.0.0.1:${port}`, token: 'x', retries: 0 })
      await expect(readBriefing(fabric, 'alice', 20)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })
})
