import { DEFAULT_METER_LIMITS, type MeterLimits } from '../meter/limits.js'
import type { ContractLimits } from './contract.js'

const PAGE_BYTES = 64 * 1024

/** The limits of a contract that the rewritten module keeps to by itself. */
export function limitsOf({ memoryBytes, tableElements }: ContractLimits): MeterLimits {
  return { ...DEFAULT_METER_LIMITS, memoryPages: Math.floor(memoryBytes / PAGE_BYTES), tableElements }
}
