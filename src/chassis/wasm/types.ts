/** Types of values, by the byte that encodes them. */
export const VALUE_TYPES = new Map<number, string>([
  [0x7f, 'i32'],
  [0x7e, 'i64'],
  [0x7d, 'f32'],
  [0x7c, 'f64'],
  [0x7b, 'v128'],
  [0x70, 'funcref'],
  [0x6f, 'externref'],
])

export const I32 = 0x7f
export const I64 = 0x7e
export const V128 = 0x7b
export const FUNCREF = 0x70
export const EXTERNREF = 0x6f
export const EMPTY_BLOCK = 0x40
export const FUNCTION_TYPE = 0x60

export interface FunctionType {
  readonly parameters: Uint8Array
  readonly results: Uint8Array
}

/** A range of bytes in the module. */
export interface Span {
  readonly start: number
  readonly end: number
}

export interface Limits {
  readonly minimum: number
  readonly maximum?: number
}

export interface TableType extends Limits {
  /** `FUNCREF` or `EXTERNREF`. */
  readonly element: number
}

export interface GlobalType {
  readonly type: number
  readonly mutable: boolean
}

export const KINDS = ['function', 'table', 'memory', 'global'] as const
export type Kind = (typeof KINDS)[number]

export interface Import {
  readonly module: string
  readonly name: string
  readonly kind: Kind
  /** Type index of a function. */
  readonly type?: number
}

export interface Export {
  readonly name: string
  readonly kind: Kind
  readonly index: number
}

/** A section whose items are counted: where its content is, and the items in it. */
export interface Section extends Span {
  readonly items: number
}

/** What a module is, with positions in its bytes. Indices are checked, types of instructions are not. */
export interface WasmModule {
  readonly bytes: Uint8Array
  readonly sections: ReadonlyMap<number, Section>
  readonly types: readonly FunctionType[]
  readonly imports: readonly Import[]
  /** Type indices of all functions, imported ones first. */
  readonly functions: readonly number[]
  /** All tables, memories and globals, imported ones first. */
  readonly tables: readonly TableType[]
  readonly memories: readonly Limits[]
  readonly globals: readonly GlobalType[]
  readonly exports: readonly Export[]
  /** Index of the function that runs at the start. */
  readonly start?: number
  readonly elementSegments: number
  /** What the data count section says; data instructions are only allowed with it. */
  readonly dataCount?: number
  /** Code of the module's own functions. */
  readonly bodies: readonly Span[]
}

/** `(i32, i64) -> i32` */
export function typeText({ parameters, results }: FunctionType): string {
  const names = (types: Uint8Array) => [...types].map((type) => VALUE_TYPES.get(type) ?? '?').join(', ')
  return `(${names(parameters)}) -> ${results.length === 1 ? names(results) : `(${names(results)})`}`
}
