import { FabricError } from '../../model/errors.js'
import { SYSCALLS, type Syscall } from './syscalls.js'

/** Operations of classic BPF (linux/bpf_common.h): load a word, jump, return. */
const LOAD = 0x20
const JUMP_EQUAL = 0x15
const JUMP_SET = 0x45
const RETURN = 0x06

/** What becomes of a call (linux/seccomp.h). */
const ALLOW = 0x7fff0000
const KILL_PROCESS = 0x80000000
const FAIL = 0x00050000
const EPERM = 1
const ENOSYS = 38

/** Offsets in what a filter sees: the number, the architecture, and the lower words of the arguments. */
const NUMBER = 0
const ARCHITECTURE = 4
const argument = (index: number) => 16 + index * 8

const ARCHITECTURES = {
  x64: { audit: 0xc000003e, column: 0 },
  arm64: { audit: 0xc00000b7, column: 1 },
} as const

const CLONE_THREAD = 0x10000
/** A bit of MAP_SHARED and of MAP_SHARED_VALIDATE. */
const MAP_SHARED = 0x01
/** Whether an open file is a terminal, its flags, and its size: FIONBIO, FIOCLEX, FIONCLEX, TCGETS, TCGETS2, TIOCGWINSZ. */
const REQUESTS = [0x5421, 0x5451, 0x5450, 0x5401, 0x802c542a, 0x5413]
/** Names of threads and of memory: PR_SET_NAME, PR_GET_NAME, PR_SET_VMA. */
const PROCESS_OPTIONS = [15, 16, 0x53564d41]

type Instruction = readonly [operation: number, ifTrue: number, ifFalse: number, operand: number]

/**
 * A program that lets through the system calls of `SYSCALLS` and lets every other be unknown to the kernel: no socket, no second
 * process, no file without a name, no look at other processes. Threads are let through, since Node.js starts some, and so is
 * `execve`, by which Node.js itself begins: what it could start is what is in its view, under the same filter. Memory to share is
 * refused: it counts for no limit of its process. Throws UNAVAILABLE for a processor that it is not written for.
 */
export function seccompFilter(architecture: string): Uint8Array {
  const known = Object.hasOwn(ARCHITECTURES, architecture)
  if (!known) throw new FabricError('UNAVAILABLE', `There is no filter of system calls for ${architecture}.`)
  const { audit, column } = ARCHITECTURES[architecture as keyof typeof ARCHITECTURES]
  const rules = (Object.keys(SYSCALLS) as Syscall[]).flatMap((name) => {
    const number = SYSCALLS[name][column]
    return number === null ? [] : rule(number, verdictOn(name))
  })
  return assemble([
    [LOAD, 0, 0, ARCHITECTURE],
    [JUMP_EQUAL, 1, 0, audit],
    [RETURN, 0, 0, KILL_PROCESS],
    [LOAD, 0, 0, NUMBER],
    ...rules,
    [RETURN, 0, 0, FAIL | ENOSYS],
  ])
}

/** For the call of this number, the verdict; for others the next rule. */
function rule(number: number, verdict: readonly Instruction[]): Instruction[] {
  return [[JUMP_EQUAL, 0, verdict.length, number], ...verdict]
}

function verdictOn(name: Syscall): Instruction[] {
  if (name === 'clone') {
    return [
      [LOAD, 0, 0, argument(0)],
      [JUMP_SET, 0, 1, CLONE_THREAD],
      [RETURN, 0, 0, ALLOW],
      [RETURN, 0, 0, FAIL | EPERM],
    ]
  }
  if (name === 'mmap') {
    return [
      [LOAD, 0, 0, argument(3)],
      [JUMP_SET, 0, 1, MAP_SHARED],
      [RETURN, 0, 0, FAIL | EPERM],
      [RETURN, 0, 0, ALLOW],
    ]
  }
  if (name === 'ioctl') return oneOf(1, REQUESTS)
  if (name === 'prctl') return oneOf(0, PROCESS_OPTIONS)
  return [[RETURN, 0, 0, ALLOW]]
}

function oneOf(index: number, values: readonly number[]): Instruction[] {
  const tests = values.flatMap((value): Instruction[] => [
    [JUMP_EQUAL, 0, 1, value],
    [RETURN, 0, 0, ALLOW],
  ])
  return [[LOAD, 0, 0, argument(index)], ...tests, [RETURN, 0, 0, FAIL | EPERM]]
}

function assemble(program: readonly Instruction[]): Uint8Array {
  const bytes = Buffer.alloc(program.length * 8)
  for (const [index, [operation, ifTrue, ifFalse, operand]] of program.entries()) {
    bytes.writeUInt16LE(operation, index * 8)
    bytes.writeUInt8(ifTrue, index * 8 + 2)
    bytes.writeUInt8(ifFalse, index * 8 + 3)
    bytes.writeUInt32LE(operand >>> 0, index * 8 + 4)
  }
  return bytes
}
