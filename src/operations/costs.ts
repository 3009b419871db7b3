import * as z from 'zod'
import { COST_DIMENSIONS, listBudgets, reportCosts } from '../coordinator/governor-queries.js'
import { limitOf } from '../governor/budget/limits.js'
import * as field from './fields.js'
import { budgetPage, budgetView, costView } from './governor-views.js'
import { operation } from './operation.js'
import { presentPage } from './present.js'
import { presentAccount, presentBudget } from './present-governor.js'

export const report = operation({
  summary: 'Report what was spent, is held and was wasted, by swarm, task, board, model or day.',
  role: 'viewer',
  method: 'GET',
  path: '/v1/costs',
  input: z.strictObject({ by: z.enum(COST_DIMENSIONS).default('swarm'), ...field.page }),
  output: costView,
  example: { by: 'board' },
  mutates: false,
  keyed: false,
  run: ({ fabric }, { by, ...page }) => fabric.read((state) => reportCosts(state, by, page)),
})

export const budget = operation({
  summary: 'List budgets: the limit of each account, what is spent and what is held.',
  role: 'viewer',
  method: 'GET',
  path: '/v1/budgets',
  input: z.strictObject({
    /** Accounts of one scope, such as `swarm:alice`. */
    scope: field.id.exactOptional(),
    tasks: z.boolean().default(false),
    ...field.page,
  }),
  output: budgetPage,
  example: { scope: 'swarm:session-4-sip' },
  mutates: false,
  keyed: false,
  run: async ({ fabric }, input) =>
    presentPage(await fabric.read((state, now) => listBudgets(state, input, now, input)), presentBudget),
})

export const extend = operation({
  summary: 'Allow more in an account and thaw it; on the account of a claimed task the claim goes on.',
  role: 'admin',
  method: 'POST',
  path: '/v1/budgets/extend',
  input: z.strictObject({ account: field.account, nanos: field.nanos, reason: field.note, as: field.as }),
  output: budgetView,
  example: { account: 'task:P0.1.2/total', nanos: 5_000_000_000, reason: 'the parser is worth it' },
  mutates: true,
  keyed: true,
  run: async ({ fabric, origin }, { as, ...extension }) => {
    const account = await fabric.submit({ type: 'extend_budget', ...extension }, origin)
    return presentAccount(account, await fabric.read((state) => limitOf(account, state.governor)))
  },
})
