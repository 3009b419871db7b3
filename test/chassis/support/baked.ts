import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type BuiltTool, buildTool } from '../../../src/chassis/build/build-tool.js'
import type { GuestHost } from '../../../src/chassis/child/guest-host.js'
import { GuestMemory } from '../../../src/chassis/child/guest-memory.js'
import { RandomBytes } from '../../../src/chassis/child/random-bytes.js'
import { typescriptImports } from '../../../src/chassis/child/typescript-imports.js'
import { type Callable, type Global, instantiate } from './engine.js'
import { meter } from './run.js'

/** Files by their names; the first is the tool. */
export type Sources = Readonly<Record<string, string>>

/** Builds a tool from files in a directory of its own. */
export async function built(sources: string | Sources): Promise<BuiltTool> {
  return inDirectory(sources, buildTool)
}

export async function inDirectory<Result>(
  sources: string | Sources,
  work: (tool: string) => Promise<Result>,
): Promise<Result> {
  const directory = await mkdtemp(join(tmpdir(), 'ifab-tool-'))
  const files = Object.entries(typeof sources === 'string' ? { 'tool.ts': sources } : sources)
  try {
    for (const [name, text] of files) {
      await mkdir(dirname(join(directory, name)), { recursive: true })
      await writeFile(join(directory, name), text)
    }
    return await work(join(directory, files[0]?.[0] ?? ''))
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

export interface BakedCall {
  readonly clockMs?: number
  /** Fills the key of the random bytes. */
  readonly seed?: number
  /** The answer to a request; undefined when it is not taken. */
  readonly answer?: (request: unknown) => unknown
}

export interface BakedOutcome {
  readonly code: unknown
  readonly output: string
  /** Level and text. */
  readonly log: readonly string[]
  readonly fuel: bigint
}

const FUEL = 10_000_000_000n

/** Calls a baked module in this process, with the imports that it has in the sandbox. `input` is JSON; undefined is none. */
export function callBaked(bytes: Uint8Array, input?: unknown, options: BakedCall = {}): BakedOutcome {
  const text = input === undefined ? '' : JSON.stringify(input)
  return callWithText(bytes, text, options)
}

export function callWithText(bytes: Uint8Array, input: string, options: BakedCall = {}): BakedOutcome {
  const host = new RecordingHost(Buffer.from(input), options)
  const exports = instantiate(meter(bytes), typescriptImports(host as unknown as GuestHost))
  host.memory.attach(exports.memory)
  const fuel = exports['ifab.fuel'] as Global<bigint>
  fuel.value = FUEL
  const code = (exports.run as Callable)()
  return { code, output: Buffer.concat(host.written).toString(), log: host.lines, fuel: FUEL - fuel.value }
}

/** What host functions stand on, without a process and a parent. */
export class RecordingHost {
  readonly memory = new GuestMemory()
  readonly lines: string[] = []
  readonly written: Uint8Array[] = []
  readonly input: Uint8Array
  response = new Uint8Array(0)
  readonly #options: BakedCall
  readonly #random: RandomBytes

  constructor(input: Uint8Array, options: BakedCall) {
    this.input = input
    this.#options = options
    this.#random = new RandomBytes(new Uint8Array(32).fill(options.seed ?? 1))
  }

  log(level: number, text: Uint8Array): void {
    this.lines.push(`${level} ${Buffer.from(text).toString()}`)
  }

  write(bytes: Uint8Array): void {
    this.written.push(bytes.slice())
  }

  request(request: Uint8Array): boolean {
    const answer = this.#options.answer?.(JSON.parse(Buffer.from(request).toString()))
    this.response = Buffer.from(JSON.stringify(answer) ?? '')
    return answer !== undefined
  }

  random(target: Uint8Array): void {
    this.#random.fill(target)
  }

  clockMs(): number {
    return this.#options.clockMs ?? 1_700_000_000_123
  }
}
