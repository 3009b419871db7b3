import { describe, expect, test } from 'vitest'
import { seccompFilter } from '../../../src/chassis/jail/seccomp.js'
import { SYSCALLS, type Syscall } from '../../../src/chassis/jail/syscalls.js'

const ALLOW = 0x7fff0000
const KILL_PROCESS = 0x80000000
const EPERM = 0x00050001
const ENOSYS = 0x00050026

const ARCHITECTURES = [
  ['x64', 0xc000003e, 0],
  ['arm64', 0xc00000b7, 1],
] as const

/** What the kernel would do, for the four instructions that our filters have. */
function verdict(filter: Uint8Array, architecture: number, number: number, args: readonly number[] = []): number {
  const program = Buffer.from(filter)
  const seen = Buffer.alloc(64)
  seen.writeUInt32LE(number, 0)
  seen.writeUInt32LE(architecture, 4)
  for (const [index, value] of args.entries()) seen.writeUInt32LE(value >>> 0, 16 + index * 8)
  let accumulator = 0
  for (let at = 0; ; at++) {
    const [operation, ifTrue, ifFalse, operand] = [
      program.readUInt16LE(at * 8),
      program.readUInt8(at * 8 + 2),
      program.readUInt8(at * 8 + 3),
      program.readUInt32LE(at * 8 + 4),
    ]
    if (operation === 0x06) return operand
    if (operation === 0x20) accumulator = seen.readUInt32LE(operand)
    else if (operation === 0x15) at += accumulator === operand ? ifTrue : ifFalse
    else if (operation === 0x45) at += (accumulator & operand) !== 0 ? ifTrue : ifFalse
    else throw new Error(`no operation ${operation} is known`)
  }
}

describe.each(ARCHITECTURES)('the filter for %s', (name, architecture, column) => {
  const filter = seccompFilter(name)
  const ask = (number: number, ...args: number[]) => verdict(filter, architecture, number, args)
  const numbers = new Map<number, Syscall>(
    (Object.keys(SYSCALLS) as Syscall[]).flatMap((call) => {
      const number = SYSCALLS[call][column]
      return number === null ? [] : [[number, call] as const]
    }),
  )

  test('lets through what is on the list, and lets nothing else be there', () => {
    const careful: Syscall[] = ['clone', 'ioctl', 'mmap', 'prctl']
    for (let number = 0; number < 1_000; number++) {
      const call = numbers.get(number)
      if (call === undefined) expect(`${number} ${ask(number)}`).toBe(`${number} ${ENOSYS}`)
      else if (!careful.includes(call)) expect(`${call} ${ask(number)}`).toBe(`${call} ${ALLOW}`)
    }
    // The other way to number calls on x86_64.
    expect(ask(0x40000000)).toBe(ENOSYS)
  })

  test('lets threads be started, and no processes', () => {
    const clone = SYSCALLS.clone[column]
    expect(ask(clone, 0x3d0f00)).toBe(ALLOW)
    for (const flags of [0, 17, 0x4111, 0x1200011, 0x10000000]) expect(ask(clone, flags)).toBe(EPERM)
  })

  test('lets memory be had, and none that counts for nobody: the shared', () => {
    const mmap = SYSCALLS.mmap[column]
    const [SHARED, PRIVATE, SHARED_VALIDATE, ANONYMOUS] = [1, 2, 3, 0x20]
    for (const flags of [PRIVATE, PRIVATE | ANONYMOUS]) expect(ask(mmap, 0, 4_096, 3, flags)).toBe(ALLOW)
    for (const flags of [SHARED, SHARED | ANONYMOUS, SHARED_VALIDATE]) expect(ask(mmap, 0, 4_096, 3, flags)).toBe(EPERM)
  })

  test('lets files be asked what they are, and nothing be put into a terminal', () => {
    const ioctl = SYSCALLS.ioctl[column]
    expect(ask(ioctl, 1, 0x5421)).toBe(ALLOW)
    expect(ask(ioctl, 1, 0x802c542a)).toBe(ALLOW)
    // TIOCSTI and TIOCLINUX.
    for (const request of [0x5412, 0x541c]) expect(ask(ioctl, 1, request)).toBe(EPERM)
  })

  test('lets threads have names, and nothing else of a process be changed', () => {
    const prctl = SYSCALLS.prctl[column]
    expect(ask(prctl, 15)).toBe(ALLOW)
    // PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_MM.
    for (const option of [4, 22, 35]) expect(ask(prctl, option)).toBe(EPERM)
  })

  test('ends a process that comes with the calls of another processor', () => {
    for (const other of [0x40000003, 0x40000028, 0xc000003e, 0xc00000b7]) {
      if (other !== architecture) expect(verdict(filter, other, 0)).toBe(KILL_PROCESS)
    }
  })
})

test('there is none for other processors', () => {
  expect(() => seccompFilter('mips')).toThrow('There is no filter of system calls for mips')
  expect(() => seccompFilter('toString')).toThrow('There is no filter of system calls for toString')
})

test('system calls that are not let through', () => {
  const refused =
    'socket socketpair connect bind fork vfork clone3 kill ptrace process_vm_readv io_uring_setup memfd_create execveat'
  for (const name of refused.split(' ')) expect(Object.keys(SYSCALLS)).not.toContain(name)
})
