import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import wabtFactory from 'wabt'
import { admitModule } from '../../dist/chassis/admission/admit.js'
import { DEFAULT_CONTRACT_LIMITS } from '../../dist/chassis/contract/contract.js'

/** Gives back its input. */
const ECHO = `(module
  (import "ifab" "input_length" (func $length (result i32)))
  (import "ifab" "read_input" (func $read (param i32 i32 i32) (result i32)))
  (import "ifab" "write_output" (func $write (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (drop (call $read (i32.const 0) (i32.const 0) (call $length)))
    (call $write (i32.const 0) (call $length))))`
const ENDLESS = '(module (func (export "run") (result i32) (loop $again (br $again)) (i32.const 0)))'

/** A module for the sandbox that gives back its input. */
export async function echoModule() {
  const { digest, metered } = await admitModule(await assemble(ECHO))
  return { digest, metered, profile: 'core', limits: DEFAULT_CONTRACT_LIMITS }
}

/** One that never ends and has no fuel, so that it has to be killed. */
export async function endlessModule(wallMs) {
  const limits = { ...DEFAULT_CONTRACT_LIMITS, wallMs, cpuPercent: 100 }
  return { digest: 'endless', metered: await assemble(ENDLESS), profile: 'core', limits }
}

async function assemble(text) {
  const { parseWat } = await wabtFactory()
  return parseWat('bench.wat', text).toBinary({}).buffer
}

export const PROGRAMS = ['sha256', 'matmul', 'fib', 'sieve', 'tokenizer']

/** One of the programs in C as clang makes it. */
export function compileProgram(name) {
  const directory = mkdtempSync(join(tmpdir(), 'ifab-bench-'))
  const file = join(directory, 'program.wasm')
  const source = fileURLToPath(new URL(`programs/${name}.c`, import.meta.url))
  const options = ['--target=wasm32', '-O2', '-nostdlib', '-fno-builtin', '-Wl,--no-entry']
  try {
    const { status, stderr, error } = spawnSync('clang', [...options, '-o', file, source], { encoding: 'utf8' })
    if (status !== 0) throw new Error(`clang does not compile ${name}.c (it takes clang and lld): ${error ?? stderr}`)
    return readFileSync(file)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** What a call of the benchmark has that nobody looks at. */
export const HOST = { log: () => undefined, httpRequest: async () => Buffer.from('{}') }
