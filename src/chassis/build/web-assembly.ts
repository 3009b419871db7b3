/** The part of the JavaScript API of WebAssembly that baking uses; the types of Node.js do not have it. */
interface Api {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object, imports: Imports) => { readonly exports: Record<string, unknown> }
}

export type Imports = Readonly<Record<string, Readonly<Record<string, (...values: never[]) => unknown>>>>

/** An instance of a module, which is compiled and started in this process: only for code that is trusted. */
export function instantiate(bytes: Uint8Array, imports: Imports): Record<string, unknown> {
  const { Module, Instance } = (globalThis as unknown as { readonly WebAssembly: Api }).WebAssembly
  return new Instance(new Module(bytes), imports).exports
}
