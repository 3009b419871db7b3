import type { ErrorCode } from '../model/errors.js'

/** What is checked, and why it matters. */
export const CHECKS = {
  node: 'the program uses what older versions do not have',
  'open files': 'each connection is an open file, and beyond the limit new ones are refused',
  'data directory': 'it holds the log, the key that signs it and the admin token; without it no fabric runs',
  'file system': 'two machines could write one log there, and a flush may not be one',
  'admin token': 'whoever has it is the administrator of this fabric',
  disk: 'every answer waits until the disk has what it says',
  'free space': 'a fabric stops when its disk is full',
  owner: 'only one process may write a log',
  endpoint: 'commands read there where the fabric is',
  log: 'the log is the fabric: all else is made from it',
  'moved log': 'a log that goes on in two places becomes two logs',
  clock: 'leases, budgets of a day and expiries follow the clock, and no entry is dated before the one before it',
  witness: 'it shows that nobody changed the log',
  'signing key': 'whoever has it can sign another log in the name of this fabric',
  configuration: 'with a fault in it the fabric does not start, and does not read it again',
  certificate: 'nobody connects to a fabric whose certificate is not good',
  address: 'the fabric listens there when it starts',
  fabric: 'agents and people reach the board through it',
  version: 'a command may ask for what another version does not have',
  clients: 'agents reach the board by what their client is told to start',
} as const
export type Check = keyof typeof CHECKS

/** What one check found. */
export interface Finding {
  readonly check: Check
  readonly state: 'ok' | 'warning' | 'failed'
  readonly message: string
  /** Why it matters, where it is not well. */
  readonly why?: string
  /** What to do about it: a command, where one does it. */
  readonly fix?: string
  /** The class of error that it would show as, for what failed. */
  readonly code?: ErrorCode
}

export function ok(check: Check, message: string): Finding {
  return { check, state: 'ok', message }
}

export function warning(check: Check, message: string, fix: string): Finding {
  return { check, state: 'warning', message, why: CHECKS[check], fix }
}

export function failed(check: Check, code: ErrorCode, message: string, fix: string): Finding {
  return { check, state: 'failed', message, why: CHECKS[check], fix, code }
}
