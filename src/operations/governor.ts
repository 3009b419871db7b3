import * as z from 'zod'
import { matchTask } from '../coordinator/governor-queries.js'
import { listCapabilities } from '../governor/capabilities/registry.js'
import { ruleOf } from '../governor/policy/rules.js'
import * as field from './fields.js'
import { candidacyPage, capabilityView } from './governor-views.js'
import { operation } from './operation.js'

export const match = operation({
  summary: 'Show every swarm with its score for a task, or why it is out; the best first.',
  role: 'viewer',
  method: 'GET',
  path: '/v1/tasks/:task/candidates',
  input: z.strictObject({ task: field.id, ...field.page }),
  output: candidacyPage,
  example: { task: 'P0.1.2', limit: 20 },
  mutates: false,
  keyed: false,
  run: ({ fabric }, { task, ...page }) => fabric.read((state, now) => matchTask(state, task, now, page)),
})

export const capabilities = operation({
  summary: 'List the capabilities that the registry names, built-in ones and those of the policy.',
  role: 'viewer',
  method: 'GET',
  path: '/v1/capabilities',
  input: z.strictObject({}),
  output: z.strictObject({ capabilities: z.array(capabilityView).readonly() }),
  example: {},
  mutates: false,
  keyed: false,
  run: ({ fabric }) =>
    fabric.read((state) => {
      const { policy } = state.governor
      const capabilities = listCapabilities(policy).map((capability) => ({
        ...capability,
        grantedOnly: ruleOf(policy, capability.name)?.grantedOnly === true,
      }))
      return { capabilities }
    }),
})
