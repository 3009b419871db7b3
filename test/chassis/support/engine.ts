/** The part of the JavaScript API of WebAssembly that the tests use; the types of Node.js do not have it. */
interface Engine {
  validate(bytes: Uint8Array): boolean
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object, imports?: Imports) => { readonly exports: Exports }
}

export type Imports = Readonly<Record<string, Readonly<Record<string, unknown>>>>
export type Callable = (...values: readonly unknown[]) => unknown
export interface Global<Value> {
  value: Value
}
export type Exports = Readonly<Record<string, unknown>>

export const engine = (globalThis as unknown as { readonly WebAssembly: Engine }).WebAssembly

const compiled = new WeakMap<Uint8Array, object>()

/** An instance of a module that is valid. The same bytes are compiled once. */
export function instantiate(bytes: Uint8Array, imports: Imports = {}): Exports {
  const module = compiled.get(bytes) ?? new engine.Module(bytes)
  compiled.set(bytes, module)
  return new engine.Instance(module, imports).exports
}
