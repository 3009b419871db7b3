import { admitModule, moduleDigest } from '../../../src/chassis/admission/admit.js'
import type { Profile } from '../../../src/chassis/admission/imports.js'
import { type ContractLimits, DEFAULT_CONTRACT_LIMITS } from '../../../src/chassis/contract/contract.js'
import { limitsOf } from '../../../src/chassis/contract/meter-limits.js'
import type { HostCalls, LoadedModule, RunReport, RunRequest } from '../../../src/chassis/sandbox/run.js'
import type { Sandbox } from '../../../src/chassis/sandbox/sandbox.js'
import { module } from './text.js'

/** What modules of tests import, with the names that their code uses. */
export const HOST_IMPORTS = `
  (import "ifab" "log" (func $log (param i32 i32 i32)))
  (import "ifab" "input_length" (func $input_length (result i32)))
  (import "ifab" "read_input" (func $read_input (param i32 i32 i32) (result i32)))
  (import "ifab" "write_output" (func $write_output (param i32 i32) (result i32)))
  (import "ifab" "http_request" (func $http_request (param i32 i32) (result i32)))
  (import "ifab" "response_length" (func $response_length (result i32)))
  (import "ifab" "read_response" (func $read_response (param i32 i32 i32) (result i32)))
  (import "ifab" "clock_ms" (func $clock_ms (result i64)))
  (import "ifab" "random" (func $random (param i32 i32)))`

/** A module whose `run` is this code, with two pages of memory unless other fields say so. */
export function guest(code: string, fields = '(memory (export "memory") 2)'): Uint8Array {
  return module(HOST_IMPORTS, fields, `(func (export "run") (result i32) ${code})`)
}

/** Gives back what it is given. */
export const ECHO = guest(`
  (drop (call $read_input (i32.const 0) (i32.const 0) (call $input_length)))
  (call $write_output (i32.const 0) (call $input_length))`)

export type Limits = Partial<ContractLimits>

/** A module as admission lets it in. */
export async function admitted(
  bytes: Uint8Array,
  limits: Limits = {},
  profile: Profile = 'core',
): Promise<LoadedModule> {
  const full = { ...DEFAULT_CONTRACT_LIMITS, ...limits }
  const { digest, metered } = await admitModule(bytes, { profile, limits: limitsOf(full) })
  return { digest, metered, profile, limits: full }
}

/** A module that was never admitted: without fuel, limits and checks. Only its process holds it. */
export function unmetered(bytes: Uint8Array, limits: Limits = {}): LoadedModule {
  const full = { ...DEFAULT_CONTRACT_LIMITS, ...limits }
  return { digest: `unmetered ${moduleDigest(bytes)}`, metered: bytes, profile: 'core', limits: full }
}

/** Host functions that remember what they are asked, and answer with `answer`. */
export class HostRecord implements HostCalls {
  readonly lines: string[] = []
  readonly requests: string[] = []
  answer: (request: string, signal: AbortSignal) => Promise<string> = async () => '{}'

  log(level: string, text: Uint8Array): void {
    this.lines.push(`${level} ${Buffer.from(text).toString('latin1')}`)
  }

  logFull(): void {
    this.lines.push('full')
  }

  async httpRequest(request: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    this.requests.push(Buffer.from(request).toString())
    return Buffer.from(await this.answer(this.requests.at(-1) ?? '', signal))
  }
}

/** One call, with what a test does not care about filled in. */
export function call(sandbox: Sandbox, loaded: LoadedModule, request: Partial<RunRequest> = {}): Promise<RunReport> {
  return sandbox.run({
    swarm: 'alice',
    module: loaded,
    input: new Uint8Array(0),
    seed: 'seed',
    host: new HostRecord(),
    ...request,
  })
}

export function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString()
}
