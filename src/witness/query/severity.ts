import { ENTRY_KINDS } from './entry-kinds.js'

/** From ordinary progress to what a healthy fabric never sees. */
export const SEVERITIES = ['info', 'notice', 'warning', 'critical'] as const

/**
 * How much an entry deserves a person's attention; it follows from its name alone.
 *
 * - `info`: ordinary progress.
 * - `notice`: work that stopped or changed hands, blockers and calls for help, what people decided, keys, starts of the
 *   fabric.
 * - `warning`: failures, stalls, refused requests, deleted content, breakers that open, claims that have spent their
 *   budget, questions for people.
 * - `critical`: incidents, and budgets that were overdrawn.
 */
export type Severity = (typeof SEVERITIES)[number]

/** A name that this version does not know is ordinary progress. */
export function severityOf(name: string): Severity {
  return ENTRY_KINDS.get(name)?.severity ?? 'info'
}

export function isAtLeast(severity: Severity, least: Severity): boolean {
  return SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(least)
}
