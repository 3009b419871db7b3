import type {
  BreakerPolicy,
  CapabilityRule,
  GovernorPolicy,
  Limit,
  ModelPrice,
  WindowLimits,
} from '../governor/policy/policy.js'
import { AMOUNT_FIELDS, WINDOW_KINDS } from '../model/budget.js'
import { formatDollars } from '../model/money.js'
import { durationText } from '../user-file/file-fields.js'
import { alignFields } from './columns.js'
import { counted } from './text.js'

/** What a policy says, a line for each thing. */
export function policyLines(policy: GovernorPolicy): string[] {
  const { budgets, help, maxCostPerTaskNanos: maxCost } = policy
  const cost = maxCost === undefined ? 'any cost' : `at most ${formatDollars(maxCost)}`
  return alignFields([
    ['per task', `at most ${counted(policy.maxSwarmsPerTask, 'swarm')}, ${cost}`],
    ['match', `at least ${policy.minCapabilityMatch} of the needed capabilities`],
    ['reputation', `at least ${policy.minReputation}`],
    ['tiers', policy.tiers.join(' < ')],
    ['rate', `${formatDollars(policy.assumedCostPerHourNanos)}/h for a swarm that names none`],
    ['capabilities', policy.knownCapabilitiesOnly ? 'only those that a registry names' : 'of any name'],
    ['registry', listed(policy.capabilityRegistry, (meaning) => meaning)],
    ['rules', listed(policy.capabilityRules, ruleText)],
    ['breakers', breakerText(policy.breaker)],
    [
      'help',
      `asked ${help.automatic ? 'automatically' : 'by the orchestrator'}, answered within ${durationText(help.answerMs)}, silent for at most ${durationText(help.leaseMs)}`,
    ],
    ['escalations', `wait ${durationText(policy.escalationMs)} for an answer`],
    ['budgets', budgetsText(budgets)],
    ['token holds', amountText(budgets.holdTokens)],
    ['warning', `at ${budgets.warnPercent}% of a hold`],
    ['prices', `${policy.prices.version}, for a million tokens`],
    ['', listed(policy.prices.models, priceText)],
  ])
}

/** `2 budgets, 1 price, ...`: what a file comes to in one line. */
export function policySummary({ capabilityRegistry, capabilityRules, budgets, prices }: GovernorPolicy): string {
  const count = (record: object) => Object.keys(record).length
  const scopes = count(budgets.boards) + count(budgets.swarms) + (count(budgets.fabric) > 0 ? 1 : 0)
  return [
    counted(scopes, 'budget'),
    counted(count(prices.models), 'price'),
    counted(count(capabilityRules), 'capability rule'),
    counted(count(capabilityRegistry), 'capability of its own', 'capabilities of its own'),
  ].join(', ')
}

function listed<Value>(record: Readonly<Record<string, Value>>, text: (value: Value) => string): string {
  return Object.entries(record)
    .map(([name, value]) => `${name}: ${text(value)}`)
    .join('\n')
}

function ruleText({ grantedOnly, minimumReputation, minimumTier, maxCostNanos }: CapabilityRule): string {
  return [
    ...(grantedOnly === true ? ['counts only when granted'] : []),
    ...(minimumReputation === undefined ? [] : [`reputation at least ${minimumReputation}`]),
    ...(minimumTier === undefined ? [] : [`tier at least ${minimumTier}`]),
    ...(maxCostNanos === undefined ? [] : [`a task costs at most ${formatDollars(maxCostNanos)}`]),
  ].join(', ')
}

function breakerText(breaker: BreakerPolicy): string {
  const { failureThreshold, failureRatePercent, minimumCalls, windowCalls, runawayRefusals, probes } = breaker
  const least = durationText(breaker.openMs)
  const most = durationText(breaker.maxOpenMs)
  return [
    `open after ${counted(failureThreshold, 'failure')} in a row`,
    `or ${failureRatePercent}% of the newest ${windowCalls} calls, from ${counted(minimumCalls, 'call')} on`,
    `or ${runawayRefusals} refusals of one call without a pause`,
    `for ${least}, doubled each time up to ${most}`,
    `close after ${counted(probes, 'probe')} of at most ${durationText(breaker.probeMs)}`,
  ].join('\n')
}

function budgetsText({ fabric, boards, swarms }: GovernorPolicy['budgets']): string {
  const scopes: [string, WindowLimits][] = [
    ['fabric', fabric],
    ...Object.entries(boards).map(([id, limits]): [string, WindowLimits] => [`board ${id}`, limits]),
    ...Object.entries(swarms).map(([id, limits]): [string, WindowLimits] => [`swarm ${id}`, limits]),
  ]
  const lines = scopes.flatMap(([name, limits]) => {
    const windows = WINDOW_KINDS.flatMap((kind) => {
      const limit = limits[kind]
      return limit === undefined ? [] : [`${kind} ${amountText(limit)}`]
    })
    return windows.length === 0 ? [] : [`${name}: ${windows.join('; ')}`]
  })
  return lines.join('\n') || 'none'
}

function amountText(limit: Limit): string {
  const parts = AMOUNT_FIELDS.flatMap((field) => {
    const amount = limit[field]
    if (amount === undefined) return []
    return [field === 'nanos' ? formatDollars(amount) : `${amount} ${FIELD_NAMES[field]}`]
  })
  return parts.join(', ')
}

const FIELD_NAMES = {
  inputTokens: 'input tokens',
  outputTokens: 'output tokens',
  cachedTokens: 'cached tokens',
} as const

function priceText({ inputNanos, outputNanos, cachedNanos }: ModelPrice): string {
  return `${formatDollars(inputNanos)} input, ${formatDollars(outputNanos)} output, ${formatDollars(cachedNanos)} cached`
}
