import type { BreakerView } from '../operations/governor-views.js'

/** `closed`, `half open`, `open, latched`. */
export function breakerText({ state, latched }: Pick<BreakerView, 'state' | 'latched'>): string {
  return `${state.replace('_', ' ')}${latched ? ', latched' : ''}`
}
