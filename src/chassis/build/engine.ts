import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { assertInvariant } from '../../model/errors.js'
import { capsOf } from '../admission/caps.js'
import { ModuleParser } from '../wasm/parse-module.js'
import type { WasmModule } from '../wasm/types.js'

/** The JavaScript engine that goes into every baked module: QuickJS, as the package `quickjs-wasi` has it. */
export class Engine {
  readonly module: WasmModule
  readonly #functions: ReadonlyMap<string, number>

  private constructor(module: WasmModule) {
    this.module = module
    const imported = module.imports.map(({ module: space, name }, index) => [`${space}.${name}`, index] as const)
    const exported = module.exports.filter(({ kind }) => kind === 'function')
    this.#functions = new Map([...imported, ...exported.map(({ name, index }) => [name, index] as const)])
  }

  static async read(): Promise<Engine> {
    const path = createRequire(import.meta.url).resolve('quickjs-wasi/quickjs.wasm')
    return new Engine(new ModuleParser(await readFile(path), capsOf('typescript')).parse())
  }

  /** Index of a function that it exports under this name, or imports as `module.name`. */
  function(name: string): number {
    const index = this.#functions.get(name)
    assertInvariant(index !== undefined, `the engine has no function ${name}`)
    return index
  }
}
