import type { Instruction } from '../wasm/instruction.js'
import { OP } from '../wasm/operations.js'
import { costOf } from './cost.js'

/** A place in the code, and the fuel that is charged whenever it is reached. */
export interface ChargePoint {
  readonly at: number
  cost: number
}

/**
 * Code without the loops in it. Whoever enters pays at once for the dearest way through: no way through has a loop, so
 * there is a dearest one, and it is paid once however the way goes.
 */
type Region = ChargePoint

interface Label {
  readonly opcode: number
  /** The region around it; for a loop not its own. */
  readonly region: Region
  /** Cost of the dearest way to where it opens. */
  readonly before: Way
  /** Cost of the dearest way that arrives at its end so far. */
  arriving: Way
}

/** Fuel spent on the way so far in this region; undefined where no way leads. */
type Way = number | undefined

/** A loop that costs nothing would never end. */
const LOOP = 1

/** Finds where a function is charged, and how much: at its entry and at the beginning of each loop. */
export class ChargePoints {
  readonly points: ChargePoint[]
  readonly #labels: Label[]
  /** Places of the loops among the labels, outermost first. */
  readonly #loops: number[] = []
  #region: Region
  #way: Way

  constructor(codeStart: number, entryCost: number) {
    this.#region = { at: codeStart, cost: entryCost }
    this.#way = entryCost
    this.points = [this.#region]
    this.#labels = [{ opcode: OP.block, region: this.#region, before: entryCost, arriving: undefined }]
  }

  /** Takes the instructions of the function in their order. */
  visit(instruction: Instruction): void {
    this.#spend(costOf(instruction))
    switch (instruction.opcode) {
      case OP.block:
      case OP.if:
        this.#open(instruction.opcode)
        break
      case OP.loop:
        this.#openLoop(instruction.end)
        break
      case OP.else:
        this.#else()
        break
      case OP.end:
        this.#close()
        break
      case OP.branchIf:
        this.#branch(instruction.index)
        break
      case OP.branch:
        this.#branch(instruction.index)
        this.#endWay()
        break
      case OP.branchTable:
        for (const target of new Set(instruction.targets)) this.#branch(target)
        this.#endWay()
        break
      case OP.return:
      case OP.unreachable:
        this.#endWay()
        break
    }
  }

  #spend(cost: number): void {
    if (this.#way === undefined) return
    this.#way += cost
    if (this.#way > this.#region.cost) this.#region.cost = this.#way
  }

  #open(opcode: number): void {
    this.#labels.push({ opcode, region: this.#region, before: this.#way, arriving: undefined })
  }

  #openLoop(bodyStart: number): void {
    this.#loops.push(this.#labels.length)
    this.#open(OP.loop)
    this.#region = { at: bodyStart, cost: LOOP }
    this.#way = LOOP
    this.points.push(this.#region)
  }

  #else(): void {
    const label = this.#labels.at(-1)
    if (label === undefined) return
    this.#labels[this.#labels.length - 1] = { ...label, opcode: OP.else, arriving: dearer(label.arriving, this.#way) }
    this.#way = label.before
  }

  #close(): void {
    const label = this.#labels.pop()
    if (label === undefined) return
    if (label.opcode === OP.loop) {
      this.#loops.pop()
      // What the loop spends, it pays itself. Its end is passed only by falling out of it.
      this.#region = label.region
      this.#way = this.#way === undefined ? undefined : label.before
      return
    }
    const passed = label.opcode === OP.if ? label.before : undefined
    this.#way = dearer(dearer(this.#way, label.arriving), passed)
  }

  /** A way that leaves loops goes on in the region around them, where it had come to the outermost of these. */
  #branch(index: number): void {
    const place = this.#labels.length - 1 - index
    const label = this.#labels[place]
    // Back to the beginning of a loop, everything is paid anew.
    if (label === undefined || label.opcode === OP.loop) return
    const left = this.#labels[firstAbove(this.#loops, place) ?? this.#labels.length]
    label.arriving = dearer(label.arriving, left === undefined ? this.#way : left.before)
  }

  #endWay(): void {
    this.#way = undefined
  }
}

/** The first of ascending numbers that is above another. Code may have a branch in every few bytes, under 512 labels. */
function firstAbove(ascending: readonly number[], bound: number): number | undefined {
  let from = 0
  let to = ascending.length
  while (from < to) {
    const middle = (from + to) >> 1
    if ((ascending[middle] ?? 0) > bound) to = middle
    else from = middle + 1
  }
  return ascending[from]
}

function dearer(one: Way, other: Way): Way {
  if (one === undefined) return other
  return other === undefined ? one : Math.max(one, other)
}
