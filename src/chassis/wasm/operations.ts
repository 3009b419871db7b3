/** What follows an opcode. */
export type Immediate =
  | 'none'
  | 'block'
  | 'label'
  | 'labels'
  | 'function'
  | 'indirect'
  | 'types'
  | 'local'
  | 'global'
  | 'table'
  | 'tables'
  | 'access'
  | 'memory'
  | 'memories'
  | 'i32'
  | 'i64'
  | 'f32'
  | 'f64'
  | 'v128'
  | 'reference'
  | 'elementTable'
  | 'element'
  | 'dataMemory'
  | 'data'
  | 'lanes'
  | 'lane'
  | 'accessLane'

/** How an instruction is encoded, and how many operands it takes and leaves. */
export interface Operation {
  readonly immediate: Immediate
  /** Of instructions whose operands depend on a type or a label, what `body.ts` adds to. */
  readonly pops: number
  readonly pushes: number
  /** Number of lanes that a lane index may name; largest alignment, as a power of two, of an access. */
  readonly bound: number
}

type Range = readonly [from: number, to: number, pops: number, pushes: number, immediate?: Immediate, bound?: number]

/** Opcodes of one byte. Control instructions take and leave more by their types. */
const PLAIN: readonly Range[] = [
  [0x00, 0x01, 0, 0],
  [0x02, 0x03, 0, 0, 'block'],
  [0x04, 0x04, 1, 0, 'block'],
  [0x05, 0x05, 0, 0],
  [0x0b, 0x0b, 0, 0],
  [0x0c, 0x0c, 0, 0, 'label'],
  [0x0d, 0x0d, 1, 0, 'label'],
  [0x0e, 0x0e, 1, 0, 'labels'],
  [0x0f, 0x0f, 0, 0],
  [0x10, 0x10, 0, 0, 'function'],
  [0x11, 0x11, 1, 0, 'indirect'],
  [0x1a, 0x1a, 1, 0],
  [0x1b, 0x1b, 3, 1],
  [0x1c, 0x1c, 3, 1, 'types'],
  [0x20, 0x20, 0, 1, 'local'],
  [0x21, 0x21, 1, 0, 'local'],
  [0x22, 0x22, 1, 1, 'local'],
  [0x23, 0x23, 0, 1, 'global'],
  [0x24, 0x24, 1, 0, 'global'],
  [0x25, 0x25, 1, 1, 'table'],
  [0x26, 0x26, 2, 0, 'table'],
  ...accesses(0x28, [2, 3, 2, 3, 0, 0, 1, 1, 0, 0, 1, 1, 2, 2], 1, 1),
  ...accesses(0x36, [2, 3, 2, 3, 0, 1, 0, 1, 2], 2, 0),
  [0x3f, 0x3f, 0, 1, 'memory'],
  [0x40, 0x40, 1, 1, 'memory'],
  [0x41, 0x41, 0, 1, 'i32'],
  [0x42, 0x42, 0, 1, 'i64'],
  [0x43, 0x43, 0, 1, 'f32'],
  [0x44, 0x44, 0, 1, 'f64'],
  [0x45, 0x45, 1, 1],
  [0x46, 0x4f, 2, 1],
  [0x50, 0x50, 1, 1],
  [0x51, 0x66, 2, 1],
  [0x67, 0x69, 1, 1],
  [0x6a, 0x78, 2, 1],
  [0x79, 0x7b, 1, 1],
  [0x7c, 0x8a, 2, 1],
  [0x8b, 0x91, 1, 1],
  [0x92, 0x98, 2, 1],
  [0x99, 0x9f, 1, 1],
  [0xa0, 0xa6, 2, 1],
  [0xa7, 0xc4, 1, 1],
  [0xd0, 0xd0, 0, 1, 'reference'],
  [0xd1, 0xd1, 1, 1],
  [0xd2, 0xd2, 0, 1, 'function'],
]

/** What follows 0xFC: saturating conversions, bulk memory and tables. */
const BULK: readonly Range[] = [
  [0, 7, 1, 1],
  [8, 8, 3, 0, 'dataMemory'],
  [9, 9, 0, 0, 'data'],
  [10, 10, 3, 0, 'memories'],
  [11, 11, 3, 0, 'memory'],
  [12, 12, 3, 0, 'elementTable'],
  [13, 13, 0, 0, 'element'],
  [14, 14, 3, 0, 'tables'],
  [15, 15, 2, 1, 'table'],
  [16, 16, 0, 1, 'table'],
  [17, 17, 3, 0, 'table'],
]

/** What follows 0xFD: vectors of 128 bits. Gaps are not assigned. */
const VECTOR: readonly Range[] = [
  ...accesses(0, [4, 3, 3, 3, 3, 3, 3, 0, 1, 2, 3], 1, 1),
  ...accesses(11, [4], 2, 0),
  [12, 12, 0, 1, 'v128'],
  [13, 13, 2, 1, 'lanes', 32],
  [14, 14, 2, 1],
  [15, 20, 1, 1],
  [21, 22, 1, 1, 'lane', 16],
  [23, 23, 2, 1, 'lane', 16],
  [24, 25, 1, 1, 'lane', 8],
  [26, 26, 2, 1, 'lane', 8],
  [27, 27, 1, 1, 'lane', 4],
  [28, 28, 2, 1, 'lane', 4],
  [29, 29, 1, 1, 'lane', 2],
  [30, 30, 2, 1, 'lane', 2],
  [31, 31, 1, 1, 'lane', 4],
  [32, 32, 2, 1, 'lane', 4],
  [33, 33, 1, 1, 'lane', 2],
  [34, 34, 2, 1, 'lane', 2],
  [35, 76, 2, 1],
  [77, 77, 1, 1],
  [78, 81, 2, 1],
  [82, 82, 3, 1],
  [83, 83, 1, 1],
  ...laneAccesses(84, 1),
  ...laneAccesses(88, 0),
  ...accesses(92, [2, 3], 1, 1),
  [94, 100, 1, 1],
  [101, 102, 2, 1],
  [103, 106, 1, 1],
  [107, 115, 2, 1],
  [116, 117, 1, 1],
  [118, 121, 2, 1],
  [122, 122, 1, 1],
  [123, 123, 2, 1],
  [124, 129, 1, 1],
  [130, 130, 2, 1],
  [131, 132, 1, 1],
  [133, 134, 2, 1],
  [135, 138, 1, 1],
  [139, 147, 2, 1],
  [148, 148, 1, 1],
  [149, 153, 2, 1],
  [155, 159, 2, 1],
  [160, 161, 1, 1],
  [163, 164, 1, 1],
  [167, 170, 1, 1],
  [171, 174, 2, 1],
  [177, 177, 2, 1],
  [181, 186, 2, 1],
  [188, 191, 2, 1],
  [192, 193, 1, 1],
  [195, 196, 1, 1],
  [199, 202, 1, 1],
  [203, 206, 2, 1],
  [209, 209, 2, 1],
  [213, 223, 2, 1],
  [224, 225, 1, 1],
  [227, 227, 1, 1],
  [228, 235, 2, 1],
  [236, 237, 1, 1],
  [239, 239, 1, 1],
  [240, 247, 2, 1],
  [248, 255, 1, 1],
]

function accesses(first: number, alignments: readonly number[], pops: number, pushes: number): Range[] {
  return alignments.map((bound, offset) => [first + offset, first + offset, pops, pushes, 'access', bound])
}

/** Of 8, 16, 32 and 64 bits: the bound is the alignment, and the number of lanes follows from it. */
function laneAccesses(first: number, pushes: number): Range[] {
  return [0, 1, 2, 3].map((bound) => [first + bound, first + bound, 2, pushes, 'accessLane', bound])
}

function tableOf(ranges: readonly Range[]): readonly (Operation | undefined)[] {
  const table = new Array<Operation | undefined>(256).fill(undefined)
  for (const [from, to, pops, pushes, immediate = 'none', bound = 0] of ranges) {
    for (let opcode = from; opcode <= to; opcode += 1) table[opcode] = { immediate, pops, pushes, bound }
  }
  return table
}

export const BULK_PREFIX = 0xfc
export const VECTOR_PREFIX = 0xfd

const plain = tableOf(PLAIN)
const bulk = tableOf(BULK)
const vector = tableOf(VECTOR)

/** The operation of an opcode of one byte, or of what follows a prefix; undefined when it is none of WebAssembly 2.0. */
export function operationOf(prefix: number, opcode: number): Operation | undefined {
  if (prefix === BULK_PREFIX) return bulk[opcode]
  return prefix === VECTOR_PREFIX ? vector[opcode] : plain[opcode]
}

/** Opcodes that the chassis treats in a way of their own; behind a prefix, as `prefix << 8 | opcode`. */
export const OP = {
  unreachable: 0x00,
  nop: 0x01,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  branch: 0x0c,
  branchIf: 0x0d,
  branchTable: 0x0e,
  return: 0x0f,
  call: 0x10,
  callIndirect: 0x11,
  drop: 0x1a,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  globalGet: 0x23,
  globalSet: 0x24,
  i32Load: 0x28,
  i64Load: 0x29,
  i64Store: 0x37,
  memorySize: 0x3f,
  memoryGrow: 0x40,
  i32Const: 0x41,
  i64Const: 0x42,
  i32Eqz: 0x45,
  i32LtS: 0x48,
  i64LtS: 0x53,
  i64GtS: 0x55,
  i32Add: 0x6a,
  i32Sub: 0x6b,
  i64Add: 0x7c,
  i64Sub: 0x7d,
  i64Mul: 0x7e,
  i64Or: 0x84,
  i64ShrU: 0x88,
  i32WrapI64: 0xa7,
  i64ExtendU: 0xad,
  memoryInit: 0xfc08,
  memoryCopy: 0xfc0a,
  memoryFill: 0xfc0b,
  tableInit: 0xfc0c,
  tableCopy: 0xfc0e,
  tableGrow: 0xfc0f,
  tableSize: 0xfc10,
  tableFill: 0xfc11,
} as const
