import { closeSync, openSync, readFileSync, readSync } from 'node:fs'

/** What the kernel tells of processes (proc(5)). All of it is undefined where there is no such process, or no Linux. */

export interface ProcessUse {
  /** Processor time of all its threads. */
  readonly cpuMs: number
  /** What it has in memory. */
  readonly residentBytes: number
}

/** USER_HZ: what `stat` counts time in, on every processor that Linux and Node.js run on. */
const TICKS_PER_SECOND = 100
/** Places in what follows the name of the program. */
const USER_TIME = 11
const SYSTEM_TIME = 12
const RESIDENT_PAGES = 21
const STAT_BYTES = 1_024

/** One process, looked at again and again. It is told from every other that may get its number later. */
export class ProcessView {
  readonly #file: number
  readonly #text = Buffer.alloc(STAT_BYTES)

  private constructor(file: number) {
    this.#file = file
  }

  static of(pid: number): ProcessView | undefined {
    try {
      return new ProcessView(openSync(`/proc/${pid}/stat`, 'r'))
    } catch {
      return undefined
    }
  }

  use(): ProcessUse | undefined {
    const stat = this.#read()
    if (stat === undefined) return undefined
    // The name of the program is in parentheses, and can have any of them itself.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const ticks = Number(fields[USER_TIME]) + Number(fields[SYSTEM_TIME])
    return { cpuMs: (ticks * 1_000) / TICKS_PER_SECOND, residentBytes: Number(fields[RESIDENT_PAGES]) * pageBytes() }
  }

  close(): void {
    closeSync(this.#file)
  }

  #read(): string | undefined {
    try {
      return this.#text.toString('latin1', 0, readSync(this.#file, this.#text, 0, STAT_BYTES, 0))
    } catch {
      return undefined
    }
  }
}

/** What counts for RLIMIT_DATA: private memory that it may write. */
export function dataBytes(pid: number): number | undefined {
  const found = /^VmData:\s+(\d+) kB$/m.exec(readProcess(pid, 'status') ?? '')?.[1]
  return found === undefined ? undefined : Number(found) * 1_024
}

/** The one child of a process. */
export function innerProcess(pid: number): number | undefined {
  const children = readProcess(pid, `task/${pid}/children`)?.trim()
  return children !== undefined && /^\d+$/.test(children) ? Number(children) : undefined
}

function readProcess(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1')
  } catch {
    return undefined
  }
}

/** In the vector that the kernel gives a program: pairs of words, of which 6 is the size of a page (getauxval(3)). */
const AT_PAGESZ = 6n
let knownPageBytes: number | undefined

function pageBytes(): number {
  knownPageBytes ??= readPageBytes()
  return knownPageBytes
}

function readPageBytes(): number {
  const vector = readFileSync('/proc/self/auxv')
  for (let at = 0; at + 16 <= vector.length; at += 16) {
    if (vector.readBigUInt64LE(at) === AT_PAGESZ) return Number(vector.readBigUInt64LE(at + 8))
  }
  return 4_096
}
