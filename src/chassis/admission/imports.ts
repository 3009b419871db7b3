import { refuseModule } from '../refusal.js'
import { typeText, type WasmModule } from '../wasm/types.js'

/** What a module is built as; each profile has host functions of its own. */
export const PROFILES = ['core', 'typescript'] as const
export type Profile = (typeof PROFILES)[number]

/** Host functions by `module.name`, with their signatures. */
type HostFunctions = Readonly<Record<string, string>>

/** What every module may import. Pointers and lengths are of bytes in the memory of the module. */
const CORE: HostFunctions = {
  'ifab.log': '(i32, i32, i32) -> ()',
  'ifab.input_length': '() -> i32',
  'ifab.read_input': '(i32, i32, i32) -> i32',
  'ifab.write_output': '(i32, i32) -> i32',
  'ifab.http_request': '(i32, i32) -> i32',
  'ifab.response_length': '() -> i32',
  'ifab.read_response': '(i32, i32, i32) -> i32',
  'ifab.clock_ms': '() -> i64',
  'ifab.random': '(i32, i32) -> ()',
}

/** What the engine inside a baked TypeScript module imports, all of it and nothing else. */
const TYPESCRIPT: HostFunctions = {
  'env.host_call': '(i32, i32, i32, i32, i32) -> i32',
  'env.host_get_timezone_offset': '(i32, i32) -> i32',
  'env.host_interrupt': '() -> i32',
  'env.host_module_load': '(i32, i32) -> i32',
  'env.host_module_normalize': '(i32, i32) -> i32',
  'env.host_promise_rejection': '(i32, i32, i32) -> ()',
  'wasi_snapshot_preview1.clock_time_get': '(i32, i64, i32) -> i32',
  'wasi_snapshot_preview1.fd_close': '(i32) -> i32',
  'wasi_snapshot_preview1.fd_fdstat_get': '(i32, i32) -> i32',
  'wasi_snapshot_preview1.fd_seek': '(i32, i64, i32, i32) -> i32',
  'wasi_snapshot_preview1.fd_write': '(i32, i32, i32, i32) -> i32',
  'wasi_snapshot_preview1.random_get': '(i32, i32) -> i32',
}

export const HOST_FUNCTIONS: Readonly<Record<Profile, HostFunctions>> = { core: CORE, typescript: TYPESCRIPT }

/** An import as `inspect` shows it. */
export interface ImportView {
  /** `module.name` */
  readonly name: string
  readonly kind: string
  /** Of a function. */
  readonly signature?: string
}

export function importViews({ imports, types }: Pick<WasmModule, 'imports' | 'types'>): ImportView[] {
  return imports.map(({ module, name, kind, type }) => {
    const signature = types[type ?? -1]
    return { name: `${module}.${name}`, kind, ...(signature !== undefined && { signature: typeText(signature) }) }
  })
}

/** Throws MODULE_REFUSED unless each import is a function on the list of the profile, with the signature that it has there. */
export function requireAllowedImports(module: Pick<WasmModule, 'imports' | 'types'>, profile: Profile): void {
  for (const { name, kind, signature } of importViews(module)) {
    const shown = JSON.stringify(name)
    if (kind === 'memory') throw refuseModule('memory_refused', `it imports the memory ${shown}`)
    if (kind === 'table') throw refuseModule('table_refused', `it imports the table ${shown}`)
    if (kind !== 'function') throw refuseModule('import_refused', `it imports the ${kind} ${shown}`)
    const allowed = Object.hasOwn(HOST_FUNCTIONS[profile], name) ? HOST_FUNCTIONS[profile][name] : undefined
    if (allowed === signature) continue
    const what =
      allowed === undefined ? `which profile ${profile} does not have` : `as ${signature}, and it is ${allowed}`
    throw refuseModule('import_refused', `it imports the function ${shown}, ${what}`)
  }
}
