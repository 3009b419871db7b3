import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EscalationView } from '../../src/operations/governor-views.js'
import { openSite, type Site } from './console.js'

let site: Site
beforeAll(async () => {
  site = await openSite()
  await site.run('swarm', 'register', 'alice')
  await site.run('swarm', 'register', 'bob')
  await site.run('task', 'create', 'parser', '--title', 'Parser')
})
afterAll(() => site[Symbol.asyncDispose]())

const escalation = (...argv: string[]) => site.run('escalation', ...argv)
const ask = (...argv: string[]) => site.json<EscalationView>('escalation', 'ask', ...argv, '--as', 'alice')

describe('ifab escalation', () => {
  test('a swarm asks, a person sees it and answers, and the asker hears of it', async () => {
    expect(await escalation('list')).toBe('Nothing waits for an answer.\n')
    const options = ['--option', 'rfc3261', '--option', 'lync', '--severity', 'critical', '--task', 'parser']
    const asked = await escalation('ask', 'Which dialect?', '--as', 'alice', ...options, '--context', 'peer=a=b')
    const id = /^(escalation-\d+) waits for an answer until .*\nNext: ifab inbox --as alice /.exec(asked)?.[1] ?? ''
    expect(await escalation('list')).toMatch(
      new RegExp(`\n${id} +question +critical +open +\\S+ \\S+Z +\\S+ \\S+Z +swarm:alice +Which dialect\\?\n$`),
    )
    expect(await site.run('status')).toMatch(/^governor +1 open escalation, 0 open breakers, /m)
    const open = await escalation('show', id)
    expect(open).toMatch(/^options +rfc3261, lync$/m)
    expect(open).toMatch(/^context +peer: a=b$/m)
    expect(open).toMatch(/^task +parser$/m)
    expect(open).toContain(`\n\nNext: ifab escalation answer ${id} --option rfc3261|lync\n`)
    const answered = await escalation('answer', id, '--option', 'lync', '--text', 'since 2019')
    expect(answered).toBe(`${id} is answered; swarm:alice hears of it.\n`)
    const shown = await escalation('show', id)
    expect(shown).toMatch(/^answer +lync: since 2019$/m)
    expect(shown).toMatch(/^answered by +admin$/m)
    expect(shown).not.toContain('Next:')
    expect(await site.run('inbox', '--as', 'alice')).toContain('The answer to "Which dialect?" is: lync: since 2019')
    expect(await escalation('list')).toBe('Nothing waits for an answer.\n')
    const ended = await site.json('escalation', 'list', '--state', 'answered', '--kind', 'question', '--limit', '1')
    expect(ended).toMatchObject({ items: [{ id, state: 'answered' }] })
    expect(await escalation('list', '--state', 'expired')).toBe('No such escalations.\n')
  })

  test('a person answers a question, and no swarm; in words where it has no options', async () => {
    const { id, openedAt, expiresAt } = await ask('Where is the specification?', '--ttl', '2h')
    expect(Date.parse(expiresAt) - Date.parse(openedAt)).toBe(7_200_000)
    for (const swarm of ['alice', 'bob']) {
      const refusal = await site.refused('escalation', 'answer', id, '--text', 'here', '--as', swarm)
      expect(refusal).toMatchObject({ exit: 6, code: 'FORBIDDEN' })
    }
    expect(await escalation('show', id)).toContain(`Next: ifab escalation answer ${id} --text "..."\n`)
    await escalation('answer', id, '--text', 'in the wiki')
    expect(await site.json('escalation', 'show', id)).toMatchObject({ answeredBy: 'admin', answer: 'in the wiki' })
    const again = await site.refused('escalation', 'answer', id, '--text', 'or not')
    expect(again).toMatchObject({ exit: 4, code: 'WRONG_STATE' })
  })

  test('says what is wrong with a question or an answer', async () => {
    const { id } = await ask('This or that?', '--option', 'this', '--option', 'that')
    const nothing = await site.refused('escalation', 'answer', id)
    expect(nothing).toMatchObject({ exit: 2, message: expect.stringContaining(`\`ifab escalation show ${id}\``) })
    expect((await site.refused('escalation', 'answer', id, '--option', 'neither')).message).toContain('this, that')
    const wrong: [argv: string[], exit: number, message: string][] = [
      [['Why?'], 2, 'Say with --as for which swarm'],
      [['Why?', '--as', 'nobody'], 3, 'There is no swarm nobody.'],
      [['Why?', '--as', 'alice', '--task', 'nothing'], 3, 'There is no task nothing.'],
      [['Why?', '--as', 'alice', '--ttl', '721h'], 2, 'Give 1s to 720h.'],
      [['Why?', '--as', 'alice', '--ttl', '10ms'], 2, 'Give 1s to 720h.'],
      [['Why?', '--as', 'alice', '--severity', 'high'], 2, 'Choose one of info, warning, critical.'],
      [['Why?', '--as', 'alice', '--option', 'a b'], 2, 'It is not a valid id'],
      [['Why?', '--as', 'alice', '--context', 'x'], 2, 'Give key=value.'],
      [['', '--as', 'alice'], 2, 'question'],
    ]
    for (const [argv, exit, message] of wrong) {
      expect(await site.refused('escalation', 'ask', ...argv)).toMatchObject({
        exit,
        message: expect.stringContaining(message),
      })
    }
    expect(await site.refused('escalation', 'show', 'escalation-9999')).toMatchObject({ exit: 3, code: 'NOT_FOUND' })
  })
})

describe('ifab approval', () => {
  const request = ['approval', 'request', 'deploy', '--argument', 'service=sip', '--argument', 'version=1']
  const take = (id: string, ...argv: string[]) => ['approval', 'take', id, 'deploy', ...argv, '--as', 'alice']

  test('is taken once, for exactly what was approved', async () => {
    const asked = await site.run(...request, '--reason', 'release', '--as', 'alice', '--ttl', '1h')
    const id = /^(escalation-\d+) waits for approval until .*\nNext: ifab approval take /.exec(asked)?.[1] ?? ''
    expect(await escalation('show', id)).toContain('arguments: {"service":"sip","version":"1"}')
    const early = await site.refused(...take(id, '--argument', 'service=sip', '--argument', 'version=1'))
    expect(early).toMatchObject({ exit: 6, message: expect.stringContaining('nobody has answered yet') })
    await escalation('answer', id, '--option', 'approve')
    const other = await site.refused(...take(id, '--argument', 'service=sip', '--argument', 'version=2'))
    expect(other).toMatchObject({ exit: 6, message: expect.stringContaining('something else was approved') })
    const taken = await site.run(...take(id, '--argument', 'version=1', '--argument', 'service=sip'))
    expect(taken).toBe('alice may do it now, once: deploy\n')
    const twice = await site.refused(...take(id, '--argument', 'service=sip', '--argument', 'version=1'))
    expect(twice).toMatchObject({ exit: 6, code: 'FORBIDDEN' })
    expect(await site.json('escalation', 'show', id)).toMatchObject({ kind: 'approval', state: 'taken' })
  })

  test('needs a reason and somebody who asks', async () => {
    const unreasoned = await site.refused(...request, '--as', 'alice')
    expect(unreasoned).toMatchObject({ exit: 2, message: expect.stringContaining('--reason') })
    const nobody = await site.refused(...request, '--reason', 'release')
    expect(nobody).toMatchObject({ exit: 2, message: expect.stringContaining('--as') })
    const unnamed = await site.refused('approval', 'take', 'escalation-1', 'deploy')
    expect(unnamed).toMatchObject({ exit: 2, message: expect.stringContaining('--as') })
  })
})
