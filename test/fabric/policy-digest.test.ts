import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { DEFAULT_POLICY_DIGEST, policyDigestOf } from '../../src/fabric/policy-digest.js'
import { DEFAULT_GOVERNOR_POLICY } from '../../src/governor/policy/policy.js'

/** Logs that name no policy are folded by the built-in one: another value here changes what they mean. */
const FOR_EVER = 'fba11ce22fa7100212170d6a44e073ef027b1e203109afa68104f97d5b97505f'

test('the built-in policy never changes, and the reference names it', () => {
  expect(DEFAULT_POLICY_DIGEST).toBe(FOR_EVER)
  const reference = readFileSync(new URL('../../docs/reference/policy.md', import.meta.url), 'utf8')
  expect(reference).toContain(FOR_EVER)
})

test('a digest depends on what a policy says, and not on the order of its fields', () => {
  const reversed = Object.fromEntries(Object.entries(DEFAULT_GOVERNOR_POLICY).reverse()) as never
  expect(policyDigestOf(reversed)).toBe(FOR_EVER)
  expect(policyDigestOf({ ...DEFAULT_GOVERNOR_POLICY, maxSwarmsPerTask: 4 })).not.toBe(FOR_EVER)
})
