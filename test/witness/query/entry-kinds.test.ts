import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { componentOf } from '../../../src/fabric/entries.js'
import { ENTRY_KINDS } from '../../../src/witness/query/entry-kinds.js'
import { isAtLeast, SEVERITIES, severityOf } from '../../../src/witness/query/severity.js'

/** Every name that the types of the log know. */
function writtenNames(): string[] {
  const files = ['coordinator', 'governor', 'chassis', 'fabric'].map((folder) => `../../../src/${folder}/entries.ts`)
  const text = files.map((file) => readFileSync(new URL(file, import.meta.url), 'utf8')).join('')
  return [...text.matchAll(/\| Entry<'(\w+)'/g)].map((match) => match[1] ?? '')
}

describe('the table of entries', () => {
  test('has every name that is written, and no other', () => {
    const names = writtenNames()
    expect(names.length).toBeGreaterThan(50)
    expect([...ENTRY_KINDS.keys()].sort()).toEqual(names.sort())
  })

  test('has the component that is written', () => {
    for (const [name, { component }] of ENTRY_KINDS) expect(componentOf(name), name).toBe(component)
  })
})

describe('the severity', () => {
  test('follows from the name', () => {
    const samples = ['task_claimed', 'blocker_raised', 'task_released', 'task_failed', 'incident_detected']
    expect(samples.map(severityOf)).toEqual(['info', 'notice', 'notice', 'warning', 'critical'])
    expect(severityOf('name_of_the_future')).toBe('info')
    expect(severityOf('toString')).toBe('info')
  })

  test('is in use on each level, and rises', () => {
    const used = new Set([...ENTRY_KINDS.values()].map(({ severity }) => severity))
    expect([...used].sort()).toEqual([...SEVERITIES].sort())
    const above = SEVERITIES.map((least) => SEVERITIES.filter((severity) => isAtLeast(severity, least)).length)
    expect(above).toEqual([4, 3, 2, 1])
  })
})
