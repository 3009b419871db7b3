import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Briefing, briefingLines, briefingValue, cutBriefing } from '../../../src/cli/prime/briefing.js'

const EMPTY: Briefing = {
  swarm: 'alice',
  fabric: { name: 'orchard', url: 'http://127.0.0.1:7420', tasks: { available: 2, claimed: 0 } },
  ...{ stops: [], claims: [], helping: [], messages: [], questions: [], ready: [], capabilities: [], more: {} },
}

/** As many tokens as such a text takes, at four characters each. */
const tokensOf = (text: string) => text.length / 4
const textOf = (briefing: Briefing) => `${briefingLines(briefing).join('\n')}\n`

describe('a briefing', () => {
  test('says who the agent is, what is urgent first, and how to work', () => {
    const briefing: Briefing = {
      ...EMPTY,
      tier: 'opus',
      capabilities: ['code:rust', 'net:sip'],
      stops: [{ task: 'A1', reason: 'its budget is spent' }, { reason: 'breaker' }],
      claims: [
        { task: 'A1', epoch: 12, title: 'Parser', percent: 50, stuck: true, leaseEndsAt: '2026-01-01T00:00:00Z' },
      ],
      helping: [
        { blocker: 'blocker-3', task: 'B' },
        { blocker: 'blocker-4', task: 'C', epoch: 9 },
      ],
      messages: [{ index: 7, kind: 'text', from: 'swarm:bob', task: 'A1', text: 'Please  look\nat it' }],
      questions: [{ escalation: 'escalation-5', asker: 'swarm:alice', question: 'Which one?' }],
      ready: [{ task: 'D', title: 'Docs' }],
      more: { messages: 3 },
    }
    const lines = briefingLines(cutBriefing(briefing))
    expect(lines.slice(0, -12).join('\n')).toBe(`# Where you stand on the task board orchard
You are alice (opus; code:rust, net:sip). Tasks: 2 available. Server: http://127.0.0.1:7420

STOP:
- A1: its budget is spent
- breaker

You hold:
- A1 epoch 12, 50%, stuck, lease until 2026-01-01T00:00:00Z: Parser

You help with:
- blocker-3 on B: asked of you, \`ifab blocker accept blocker-3\`
- blocker-4 on C, epoch 9: \`ifab resolve blocker-4 --epoch 9 --resolution ...\` when it is solved

Unread messages:
- 7 text from swarm:bob about A1: Please look at it
- and 3 others: \`ifab inbox --as alice\`

You wait for an answer to:
- escalation-5 (swarm:alice): Which one?

Ready for you:
- D Docs
`)
    expect(lines.join('\n')).toContain('ifab next --as alice --claim')
  })

  test('takes less than 1,500 tokens however much there is, and counts what it leaves out', () => {
    const id = fc.string({ unit: fc.constantFrom('a', 'Z', '9', '.'), minLength: 1, maxLength: 128, size: 'max' })
    const text = fc.string({
      unit: fc.constantFrom('x', ' ', '\n', '\u{1f600}', '"', '\\'),
      maxLength: 400,
      size: 'max',
    })
    const many = <Item>(item: fc.Arbitrary<Item>) => fc.array(item, { maxLength: 20, size: 'max' })
    const briefings: fc.Arbitrary<Briefing> = fc.record({
      swarm: id,
      tier: id,
      fabric: fc.constant(EMPTY.fabric),
      stops: many(fc.record({ task: id, reason: text })),
      claims: many(
        fc.record({ task: id, epoch: fc.nat(), title: text, percent: fc.constant(50), stuck: fc.boolean() }),
      ),
      helping: many(fc.record({ blocker: id, task: id, epoch: fc.nat() })),
      messages: many(fc.record({ index: fc.nat(), kind: id, from: id, task: id, text })),
      questions: many(fc.record({ escalation: id, asker: id, question: text })),
      ready: many(fc.record({ task: id, title: text })),
      capabilities: many(id),
      more: fc.constant({ messages: 9_999 }),
    })
    fc.assert(
      fc.property(briefings, (briefing) => {
        const cut = cutBriefing(briefing)
        expect(tokensOf(textOf(cut))).toBeLessThan(1_500)
        expect(tokensOf(`${JSON.stringify(briefingValue(cut))}\n`)).toBeLessThan(1_500)
        // Half a character would not survive being written.
        expect(Buffer.from(textOf(cut)).toString()).toBe(textOf(cut))
        for (const list of ['stops', 'claims', 'helping', 'questions', 'ready', 'capabilities'] as const) {
          expect(cut[list].length + (cut.more[list] ?? 0)).toBe(briefing[list].length)
        }
        expect(cut.messages.length + (cut.more.messages ?? 0)).toBe(briefing.messages.length + 9_999)
        // Whatever else there is, what must stop is said.
        expect(cut.stops.length).toBeGreaterThanOrEqual(Math.min(1, briefing.stops.length))
      }),
      // A smaller counterexample of lists this long is not worth the wait.
      { numRuns: 30, endOnFailure: true },
    )
  })

  test('is about the board where it is for no swarm', () => {
    const { swarm: _, ...board } = EMPTY
    const text = textOf({
      ...board,
      questions: [{ escalation: 'escalation-5', asker: 'swarm:bob', question: 'Which?' }],
    })
    expect(text).toContain('You speak for no swarm. Tasks: 2 available.')
    expect(text).toContain('Questions that wait for a person:\n- escalation-5 (swarm:bob): Which?\n')
    expect(text).toContain('ifab next --as NAME')
  })
})
