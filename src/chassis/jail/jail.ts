import type { JailLevel } from './levels.js'
import type { JailedProgram } from './program.js'
import { tool } from './tools.js'

/** How a program is started at one level. */
export interface Jail {
  readonly level: JailLevel
  /** Whether the kernel bounds the memory of what runs in it. */
  readonly isLimited: boolean
  command(program: JailedProgram): JailCommand
}

export interface JailCommand {
  readonly argv: readonly string[]
  /** Program of a seccomp filter, which the command reads from descriptor `FILTER_DESCRIPTOR`. */
  readonly filter?: Uint8Array
  /** Whether the command stays, and the program is its one child. Otherwise the command becomes the program. */
  readonly isNested: boolean
}

export const FILTER_DESCRIPTOR = 5

/** What the stack of V8 lies in; it is told to use half of it. */
const STACK_BYTES = 8 * 1024 * 1024

/**
 * Limits from the first instruction on: no core of what is in memory, no file that grows, no more files than Node.js opens to
 * start. Limits of memory and processes come later, since Node.js begins with more of both than a guest may have.
 */
export function limited(): string[] {
  return [tool('prlimit'), '--core=0', '--fsize=0', '--nofile=64', `--stack=${STACK_BYTES}`]
}

/** The program dies when the thread that started it does, and can get no right that it does not have. */
export function bound(): string[] {
  return [tool('setpriv'), '--pdeathsig', 'KILL', '--no-new-privs']
}

/** As arguments of setpriv(1). Only a user who has capabilities can give them up. */
export const WITHOUT_CAPABILITIES = ['--bounding-set=-all', '--inh-caps=-all', '--ambient-caps=-all']
