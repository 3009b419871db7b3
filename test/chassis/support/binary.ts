import { ByteWriter } from '../../../src/chassis/wasm/byte-writer.js'

/** Modules put together byte by byte, for what no assembler writes. */

export const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]

export function unsigned(value: number): number[] {
  return [...new ByteWriter().u32(value).bytes]
}

export function section(id: number, ...content: readonly (readonly number[])[]): number[] {
  const bytes = content.flat()
  return [id, ...unsigned(bytes.length), ...bytes]
}

export function vector(...items: readonly (readonly number[])[]): number[] {
  return [...unsigned(items.length), ...items.flat()]
}

export function name(text: string): number[] {
  return [...new ByteWriter().name(text).bytes]
}

export function binary(...sections: readonly (readonly number[])[]): Uint8Array {
  return Uint8Array.from([...HEADER, ...sections.flat()])
}

/** One function of a type without parameters and results, or of the one given, with these locals and this code. */
export function oneFunction(code: readonly number[], { locals = [0], type = [0x60, 0, 0] } = {}): number[][] {
  const body = [...locals, ...code, 0x0b]
  return [section(1, vector(type)), section(3, vector([0])), section(10, vector([...unsigned(body.length), ...body]))]
}
