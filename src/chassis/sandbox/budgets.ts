import { LIMITS } from '../../model/limits.js'
import type { ContractLimits } from '../contract/contract.js'
import type { LoadedModule } from './run.js'

/** Memory that a child may have beyond what it starts with: that of the module, what goes in and out, and the engine's own. */
export function memoryBudget({ limits, metered }: LoadedModule): number {
  const carried = metered.length + limits.outputBytes * 2 + LIMITS.sandboxInputBytes + LIMITS.sandboxAnswerBytes
  return limits.memoryBytes + carried + LIMITS.sandboxOverheadBytes
}

/** Processor time of a call: so many percent of the longest time that it may take. */
export function cpuBudgetMs({ wallMs, cpuPercent }: ContractLimits): number {
  return Math.max((wallMs * cpuPercent) / 100, LIMITS.sandboxCpuMs)
}
