import { refuseModule } from '../refusal.js'
import type { ByteReader } from './byte-reader.js'
import { requireReference } from './instruction.js'
import { FUNCREF, type GlobalType, KINDS, type Kind, type Limits, type TableType, VALUE_TYPES } from './types.js'

export function readKind(reader: ByteReader): Kind {
  const byte = reader.byte()
  const kind = KINDS[byte]
  if (kind !== undefined) return kind
  throw refuseModule('unsupported', `it imports or exports something of kind ${byte}`, { offset: reader.at - 1 })
}

export function readGlobalType(reader: ByteReader): GlobalType {
  const at = reader.at
  const type = reader.byte()
  const mutable = reader.byte()
  if (!VALUE_TYPES.has(type) || mutable > 1) throw reader.malformed('a global has an unknown type', at)
  return { type, mutable: mutable === 1 }
}

export function readTable(reader: ByteReader): TableType {
  const element = reader.bytes[reader.at] ?? FUNCREF
  requireReference(reader)
  return { element, ...readLimits(reader, 'table') }
}

/** Pages of 64 KiB. */
export function readMemory(reader: ByteReader): Limits {
  return readLimits(reader, 'memory')
}

function readLimits(reader: ByteReader, kind: 'table' | 'memory'): Limits {
  const at = reader.at
  const flags = reader.byte()
  if (flags > 1) {
    const reason = kind === 'table' ? 'table_refused' : 'memory_refused'
    const what = (flags & 4) !== 0 ? 'has 64-bit addresses' : (flags & 2) !== 0 ? 'is shared' : 'has unknown limits'
    throw refuseModule(reason, `its ${kind} ${what}`, { offset: at })
  }
  const minimum = reader.u32()
  const maximum = flags === 1 ? reader.u32() : undefined
  if (maximum !== undefined && maximum < minimum)
    throw reader.malformed(`a ${kind} has less room than it begins with`, at)
  return { minimum, ...(maximum !== undefined && { maximum }) }
}
