import { FAULT_CODES, type Fault } from '../child/fault.js'
import type { ByteWriter } from '../wasm/byte-writer.js'
import { OP } from '../wasm/operations.js'
import { EMPTY_BLOCK } from '../wasm/types.js'
import type { Additions } from './additions.js'
import { BULK_BASE, BYTES_PER_UNIT_LOG2, FUEL_PER_PAGE } from './cost.js'

/** Code that the chassis puts into a module. None of it leaves or takes an operand unless it says so. */

/** Pays a fixed amount of fuel; below zero the module ends. */
export function emitCharge(out: ByteWriter, { fuel }: Additions, cost: number): void {
  out.byte(OP.globalGet).u32(fuel)
  out.byte(OP.i64Const).signed(cost)
  emitPayment(out, fuel)
}

/** From the fuel and the amount on the operand stack. */
function emitPayment(out: ByteWriter, fuel: number): void {
  out.byte(OP.i64Sub, OP.globalSet).u32(fuel)
  out.byte(OP.globalGet).u32(fuel)
  out.byte(OP.i64Const).signed(0)
  out.byte(OP.i64LtS, OP.if, EMPTY_BLOCK, OP.unreachable, OP.end)
}

/** Takes the frame of a function from the room for frames; without room the module ends. */
export function emitEnterFrame(out: ByteWriter, additions: Additions, bytes: number): void {
  const { stack } = additions
  out.byte(OP.globalGet).u32(stack)
  out.byte(OP.i32Const).signed(bytes)
  out.byte(OP.i32Sub, OP.globalSet).u32(stack)
  out.byte(OP.globalGet).u32(stack)
  out.byte(OP.i32Const).signed(0)
  out.byte(OP.i32LtS, OP.if, EMPTY_BLOCK)
  emitFault(out, additions, 'stack')
  out.byte(OP.end)
}

export function emitLeaveFrame(out: ByteWriter, { stack }: Additions, bytes: number): void {
  out.byte(OP.globalGet).u32(stack)
  out.byte(OP.i32Const).signed(bytes)
  out.byte(OP.i32Add, OP.globalSet).u32(stack)
}

function emitFault(out: ByteWriter, { fault }: Additions, kind: Fault): void {
  out.byte(OP.i32Const).signed(FAULT_CODES[kind])
  out.byte(OP.globalSet).u32(fault)
  out.byte(OP.unreachable)
}

const LOCAL_COUNT = 0

/** Body of `(count: i32) -> i32`: pays for so many bytes, or elements of a table, and gives the count back. */
export function emitPayForSize(out: ByteWriter, additions: Additions, unitsLog2: number): void {
  out.byte(LOCAL_COUNT)
  emitCharge(out, additions, BULK_BASE)
  out.byte(OP.globalGet).u32(additions.fuel)
  out.byte(OP.localGet, 0, OP.i64ExtendU, OP.i64Const).signed(unitsLog2)
  out.byte(OP.i64ShrU)
  emitPayment(out, additions.fuel)
  out.byte(OP.localGet, 0, OP.end)
}

/** Room that may be grown into, and whether going beyond ends the module. */
export interface Room {
  readonly maximum: number
  readonly onOverflow: 'refuse' | 'trap'
}

/** Body of `(pages: i32) -> i32`: `memory.grow` that pays, and that keeps to the room. */
export function emitGrowMemory(out: ByteWriter, additions: Additions, room: Room): void {
  out.byte(LOCAL_COUNT)
  emitCharge(out, additions, BULK_BASE)
  out.byte(OP.memorySize, 0)
  emitOverflow(out, additions, { ...room, fault: 'memory', count: 0 })
  out.byte(OP.globalGet).u32(additions.fuel)
  out.byte(OP.localGet, 0, OP.i64ExtendU, OP.i64Const).signed(FUEL_PER_PAGE)
  out.byte(OP.i64Mul)
  emitPayment(out, additions.fuel)
  out.byte(OP.localGet, 0, OP.memoryGrow, 0, OP.end)
}

/** Body of `(value: reference, elements: i32) -> i32`: `table.grow` that pays, and that keeps to the room. */
export function emitGrowTable(out: ByteWriter, additions: Additions, table: number, room: Room): void {
  out.byte(LOCAL_COUNT)
  emitCharge(out, additions, BULK_BASE)
  out.byte(0xfc).u32(OP.tableSize & 0xff)
  out.u32(table)
  emitOverflow(out, additions, { ...room, fault: 'table', count: 1 })
  out.byte(OP.globalGet).u32(additions.fuel)
  out.byte(OP.localGet, 1, OP.i64ExtendU)
  emitPayment(out, additions.fuel)
  out.byte(OP.localGet, 0, OP.localGet, 1, 0xfc).u32(OP.tableGrow & 0xff)
  out.u32(table).byte(OP.end)
}

interface Overflow extends Room {
  readonly fault: Fault
  /** The local with the amount to grow by. */
  readonly count: number
}

/** Takes the present size from the operand stack. In 64 bits the sum cannot wrap. */
function emitOverflow(out: ByteWriter, additions: Additions, { maximum, onOverflow, fault, count }: Overflow): void {
  out.byte(OP.i64ExtendU, OP.localGet).u32(count)
  out.byte(OP.i64ExtendU, OP.i64Add, OP.i64Const).signed(maximum)
  out.byte(OP.i64GtS, OP.if, EMPTY_BLOCK)
  if (onOverflow === 'trap') emitFault(out, additions, fault)
  else out.byte(OP.i32Const).signed(-1).byte(OP.return)
  out.byte(OP.end)
}

/** How `emitPayForSize` counts. */
export const BYTES = BYTES_PER_UNIT_LOG2
export const ELEMENTS = 0
