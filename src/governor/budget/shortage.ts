import type { AccountRow, Amount, AmountField } from '../../model/budget.js'
import type { ErrorCode } from '../../model/errors.js'
import { formatDollars } from '../../model/money.js'
import type { TaskSpec } from '../../model/task.js'
import type { GovernorPolicy, Limit } from '../policy/policy.js'
import type { Books } from './books.js'

/** Why there is no room. */
export interface Shortage {
  readonly code: Extract<ErrorCode, 'BUDGET_EXCEEDED' | 'POLICY_VIOLATION'>
  readonly message: string
  readonly details: Readonly<Record<string, unknown>>
}

/** Puts a shortage into words, for whoever wants to read it: most are looked at and passed over. */
export type Explain = () => Shortage

/** What an account has room for follows from this and its limit. */
export type Balance = Pick<AccountRow, 'settled' | 'held' | 'extendedNanos'>

export function full(id: string, account: Balance, field: AmountField, amount: Amount, base: Limit): Explain {
  return () => {
    const { [field]: settled } = account.settled
    const { [field]: held } = account.held
    const { [field]: needed } = amount
    const limit = (base[field] ?? 0) + (field === 'nanos' ? account.extendedNanos : 0)
    const show = (value: number) => (field === 'nanos' ? formatDollars(value) : `${value} ${field}`)
    const message = `The budget ${id} has no room for ${show(needed)}: of ${show(limit)}, ${show(settled)} are spent and ${show(held)} are held. Wait for others to finish, import the board again with a lower max_cost, or extend it with \`ifab cost extend ${id}\`.`
    return { code: 'BUDGET_EXCEEDED', message, details: { account: id, field, limit, settled, held, needed } }
  }
}

export function spent(task: string, books: Books, account: string): Explain {
  return () => {
    const { settled, held } = books.account(account)
    const message = `${task} has used up what it may cost: ${formatDollars(settled.nanos)} are spent and ${formatDollars(held.nanos)} are held. Extend it with \`ifab cost extend ${account}\`.`
    return { code: 'BUDGET_EXCEEDED', message, details: { account, settled: settled.nanos, held: held.nanos } }
  }
}

export function frozen(account: string): Explain {
  return () => {
    const message = `The budget ${account} is frozen, because more was spent than was held. A person extends it with \`ifab cost extend ${account}\`.`
    return { code: 'BUDGET_EXCEEDED', message, details: { account, frozen: true } }
  }
}

export function boundless(account: string): Explain {
  return () => {
    const message = `Nothing bounds what this may cost, and the budget ${account} has a limit. Give the task a max cost, or the policy a max_cost_per_task.`
    return { code: 'BUDGET_EXCEEDED', message, details: { account } }
  }
}

export function tooDear(
  { maxCostPerTaskNanos = 0 }: GovernorPolicy,
  { id: task, maxCostNanos = 0 }: Pick<TaskSpec, 'id' | 'maxCostNanos'>,
): Explain {
  return () => {
    const message = `${task} may cost ${formatDollars(maxCostNanos)}, and the policy allows ${formatDollars(maxCostPerTaskNanos)} for a task. Import its board again with a lower max_cost, or raise max_cost_per_task.`
    return { code: 'POLICY_VIOLATION', message, details: { task, maxCostNanos, maxCostPerTaskNanos } }
  }
}
