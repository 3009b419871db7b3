import { refuseModule } from '../refusal.js'
import type { ByteReader } from './byte-reader.js'
import { indexBelow, requireReference } from './instruction.js'
import { OP, VECTOR_PREFIX } from './operations.js'

/** What a constant expression may name. */
export interface ConstantSpaces {
  readonly functions: number
  /** Only globals that are imported have a value before the others. */
  readonly importedGlobals: number
}

/** Passes over an expression that gives the first value of a global, or a place in a table or memory. */
export function readConstant(reader: ByteReader, spaces: ConstantSpaces): void {
  const at = reader.at
  const opcode = reader.byte()
  switch (opcode) {
    case OP.i32Const:
      reader.skipSigned(32)
      break
    case OP.i64Const:
      reader.skipSigned(64)
      break
    case 0x43:
      reader.skip(4)
      break
    case 0x44:
      reader.skip(8)
      break
    case OP.globalGet:
      indexBelow(reader, spaces.importedGlobals, 'imported global')
      break
    case 0xd0:
      requireReference(reader)
      break
    case 0xd2:
      indexBelow(reader, spaces.functions, 'function')
      break
    case VECTOR_PREFIX:
      if (reader.u32() !== 12) throw unsupported(at)
      reader.skip(16)
      break
    default:
      throw unsupported(at)
  }
  if (reader.byte() !== OP.end) throw unsupported(at)
}

function unsupported(offset: number) {
  return refuseModule('unsupported', 'it has a constant expression that is more than one constant', { offset })
}
