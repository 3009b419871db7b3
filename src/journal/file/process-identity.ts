import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/**
 * What tells one process from every other, before and after it. A process id alone does not: the system gives it out
 * again. Empty strings stand for what the system does not tell.
 */
export interface ProcessIdentity {
  readonly pid: number
  /** When the process started: clock ticks after boot (field 22 of /proc/<pid>/stat), or what `ps` prints. */
  readonly startTime: string
  /** Changes with every boot of the machine. */
  readonly bootId: string
  /** Process ids mean something only within one of these (Linux, containers). */
  readonly pidNamespace: string
  readonly host: string
  /** Tells machines of one name apart; `/etc/machine-id` where there is one. */
  readonly machineId: string
}

/** `unknown`: it lives, or lived, where this process cannot look. */
export type Liveness = 'alive' | 'dead' | 'unknown'

export function ownIdentity(): ProcessIdentity {
  return {
    pid: process.pid,
    startTime: startTimeOf(process.pid) ?? '',
    bootId: readBootId(),
    pidNamespace: readPidNamespace(),
    host: hostname(),
    machineId: readText('/etc/machine-id').trim(),
  }
}

/** Whether `other` still runs, as far as the process `own` can tell. */
export function livenessOf(other: ProcessIdentity, own: ProcessIdentity = ownIdentity()): Liveness {
  // Another boot of this machine means that it is gone; another machine of the same name cannot be looked at.
  if (other.bootId !== own.bootId) return isSameMachine(other, own) ? 'dead' : 'unknown'
  if (other.bootId === '' && other.host !== own.host) return 'unknown'
  if (other.pidNamespace !== own.pidNamespace) return 'unknown'
  if (!exists(other.pid)) return 'dead'
  const startTime = startTimeOf(other.pid)
  if (startTime === undefined) return exists(other.pid) ? 'unknown' : 'dead'
  return startTime === other.startTime && !isZombie(other.pid) ? 'alive' : 'dead'
}

function isSameMachine(other: ProcessIdentity, own: ProcessIdentity): boolean {
  return other.host === own.host && other.machineId === own.machineId
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** Undefined when the system hides it or the process is gone. */
function startTimeOf(pid: number): string | undefined {
  if (process.platform === 'linux') return statFields(pid)?.[19]
  try {
    const environment = { ...process.env, LC_ALL: 'C', TZ: 'UTC' }
    const shown = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { env: environment, encoding: 'utf8' })
    return shown.trim() || undefined
  } catch {
    return undefined
  }
}

/** A killed process that its parent has not waited for; while threads of it remain, one may still be writing. */
function isZombie(pid: number): boolean {
  const state = process.platform === 'linux' ? statFields(pid)?.[0] : undefined
  if (state !== 'Z' && state !== 'X') return false
  try {
    return readdirSync(`/proc/${pid}/task`).length <= 1
  } catch {
    return true
  }
}

/** Fields of /proc/<pid>/stat from the third on; the second, the name, may itself hold spaces and parentheses. */
function statFields(pid: number): string[] | undefined {
  const stat = readText(`/proc/${pid}/stat`)
  return stat === '' ? undefined : stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

function readBootId(): string {
  return readText('/proc/sys/kernel/random/boot_id').trim()
}

function readPidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return ''
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
