import wabtFactory from 'wabt'
import { ModuleParser } from '../../../src/chassis/wasm/parse-module.js'
import type { WasmModule } from '../../../src/chassis/wasm/types.js'

const wabt = await wabtFactory()

/** The module of a text in the WebAssembly text format. It is valid for wabt, or this throws. */
export function assemble(text: string): Uint8Array {
  const parsed = wabt.parseWat('test.wat', text, { tail_call: true, exceptions: true, threads: true })
  try {
    return parsed.toBinary({ write_debug_names: false }).buffer
  } finally {
    parsed.destroy()
  }
}

/** `(module ...)` around the fields. */
export function module(...fields: readonly string[]): Uint8Array {
  return assemble(`(module ${fields.join('\n')})`)
}

export function parse(bytes: Uint8Array): WasmModule {
  return new ModuleParser(bytes).parse()
}
