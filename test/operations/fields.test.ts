import { describe, expect, test } from 'vitest'
import { parseInput } from '../../src/operations/input.js'
import { operations } from '../../src/operations/table.js'

const task = (fields: object) => () => parseInput(operations.task.create.input, { id: 'A1', title: 'Plan', ...fields })
const complete = (evidence: object) => () =>
  parseInput(operations.task.complete.input, { task: 'A1', as: 'sip', epoch: 1, evidence: [evidence] })

describe('texts', () => {
  test.each([
    ['NUL', 'a\0b'],
    ['an escape sequence', 'a\u001b[2J'],
    ['a carriage return', 'a\rb'],
    ['a C1 control', 'a\u009bb'],
    ['half of a surrogate pair', 'a\ud800b'],
    ['its other half', '\udc00'],
  ])('with %s are refused', (_, bad) => {
    for (const field of ['title', 'description', 'deliverable'])
      expect(task({ [field]: bad })).toThrow(`${field}: has `)
    expect(task({ acceptance: ['fine', bad] })).toThrow('acceptance.1: has control characters or broken Unicode')
    expect(task({ milestones: [{ percent: 25, text: bad }] })).toThrow('milestones.0.text: has ')
    expect(complete({ kind: 'file', path: bad, sha256: 'a'.repeat(64) })).toThrow('path: has ')
    const metadata = { swarm: 'sip', metadata: { branch: bad } }
    expect(() => parseInput(operations.swarm.register.input, metadata)).toThrow('metadata.branch: has ')
  })

  test('that are blank are refused', () => {
    for (const blank of ['', '  ', '\n\t', '\u00a0']) {
      expect(task({ title: blank })).toThrow('title')
      expect(task({ description: blank })).toThrow('description')
      expect(task({ keyTests: [blank] })).toThrow('keyTests.0')
      expect(complete({ kind: 'note', text: blank })).toThrow('text')
    }
  })

  test('may have several lines, a title may not', () => {
    const lines = 'one\n\ttwo 🚀 \u202e'
    expect(task({ description: lines, acceptance: [lines], title: 'Plan 🚀' })).not.toThrow()
    expect(task({ title: 'one\ntwo' })).toThrow('title: is more than one line')
    expect(task({ title: 'one\ttwo' })).toThrow('title: is more than one line')
    expect(complete({ kind: 'commit', commit: 'abc\n' })).toThrow('commit: is more than one line')
  })
})
