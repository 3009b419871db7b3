import type { MeterLimits } from '../meter/limits.js'
import type { Profile } from './imports.js'

/** To a process that admits modules, in frames as those of `child/frames.ts`. It is `ready` first, as every child is. */
export const TO_ADMISSION = {
  /** `AdmissionOrder` as JSON, for what follows. No answer. */
  order: 32,
  /** A module, to be read by our rules. */
  read: 33,
  /** To rewrite the module that was read; the answer has it. */
  rewrite: 34,
  /** A module, to be validated by the engine. */
  validate: 35,
} as const

/** From it: one answer to each but `order`. */
export const FROM_ADMISSION = {
  done: 48,
  /** `SaidRefusal` as JSON. */
  refused: 49,
  /** Text: why it could not say either. */
  failed: 50,
} as const

export interface AdmissionOrder {
  readonly profile: Profile
  readonly limits: MeterLimits
}
