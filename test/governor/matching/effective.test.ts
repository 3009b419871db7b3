import { expect, test } from 'vitest'
import { effectiveCapabilities } from '../../../src/governor/matching/effective.js'

const RULES = { capabilityRules: { 'deploy:production': { grantedOnly: true }, 'code:rust': { minimumTier: 'opus' } } }

test('what is declared counts, unless it has to be granted', () => {
  const capabilities = ['code:rust', 'deploy:production']
  expect(effectiveCapabilities({ capabilities }, RULES)).toEqual(['code:rust'])
  expect(effectiveCapabilities({ capabilities }, { capabilityRules: {} })).toEqual(capabilities)
})

test('what was granted counts once, declared or not', () => {
  const granted = ['deploy:production', 'code:go']
  const capabilities = ['code:rust', 'code:rust', 'deploy:production', 'code:go']
  expect(effectiveCapabilities({ capabilities, granted }, RULES)).toEqual(['code:rust', 'code:go', 'deploy:production'])
  expect(effectiveCapabilities({ capabilities: [], granted }, RULES)).toEqual(granted)
})

test('a grant of one thing is no grant of another', () => {
  const swarm = { capabilities: ['deploy:production'], granted: ['code:go'] }
  expect(effectiveCapabilities(swarm, RULES)).toEqual(['code:go'])
})

test('names that every object has are no rules', () => {
  expect(effectiveCapabilities({ capabilities: ['constructor'] }, RULES)).toEqual(['constructor'])
})
