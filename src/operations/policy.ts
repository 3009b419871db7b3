import * as z from 'zod'
import { explainClaim } from '../coordinator/governor-queries.js'
import { policyDigestOf } from '../fabric/policy-digest.js'
import { governorPolicySchema } from '../governor/policy/canonical.js'
import { DEFAULT_GOVERNOR_POLICY } from '../governor/policy/policy.js'
import * as field from './fields.js'
import { appliedView, explanationView, policyView } from './governor-views.js'
import { operation } from './operation.js'

export const show = operation({
  summary: 'Show the policy in force, with its digest.',
  role: 'viewer',
  method: 'GET',
  path: '/v1/policy',
  input: z.strictObject({}),
  output: policyView,
  example: {},
  mutates: false,
  keyed: false,
  run: ({ fabric }) =>
    fabric.read(({ governor: { policy, digest } }) => ({
      digest: digest ?? policyDigestOf(policy),
      builtIn: digest === undefined,
      policy: { ...policy },
    })),
})

export const apply = operation({
  summary: 'Put a policy in force; the one that is in force already changes nothing.',
  role: 'admin',
  method: 'PUT',
  path: '/v1/policy',
  input: z.strictObject({ policy: governorPolicySchema, as: field.as }),
  output: appliedView,
  example: { policy: { ...DEFAULT_GOVERNOR_POLICY, tiers: [...DEFAULT_GOVERNOR_POLICY.tiers] } },
  mutates: true,
  keyed: false,
  run: ({ fabric, origin }, { as: _, policy }) =>
    fabric.submit({ type: 'apply_policy', policy, digest: policyDigestOf(policy) }, origin),
})

export const explain = operation({
  summary: 'Explain whether a swarm may claim a task now: each check with its answer.',
  role: 'viewer',
  method: 'GET',
  path: '/v1/policy/explanation',
  input: z.strictObject({ task: field.id, swarm: field.id }),
  output: explanationView,
  example: { task: 'P0.1.2', swarm: 'session-4-sip' },
  mutates: false,
  keyed: false,
  run: ({ fabric }, { task, swarm }) => fabric.read((state, now) => explainClaim(state, task, swarm, now)),
})
