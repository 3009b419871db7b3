import { refuseModule } from '../refusal.js'

interface Engine {
  validate(bytes: Uint8Array): boolean
  readonly Module: new (bytes: Uint8Array) => object
}

const { WebAssembly: engine } = globalThis as unknown as { readonly WebAssembly: Engine }

const COMPLAINT_CHARS = 500

/** Has V8 validate a module, here. Throws MODULE_REFUSED with reason `invalid`. */
export function validate(bytes: Uint8Array): void {
  if (engine.validate(bytes)) return
  const said = complaintOf(bytes)
    .replace(/^WebAssembly\.Module\(\): /, '')
    .replace(/[^ -~]/g, '?')
    .slice(0, COMPLAINT_CHARS)
  throw refuseModule('invalid', `the engine finds it invalid: ${said}`)
}

/** Only compiling says why. */
function complaintOf(bytes: Uint8Array): string {
  try {
    new engine.Module(bytes)
    return 'it does not say why'
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
