import type { Instruction } from '../wasm/instruction.js'
import { OP } from '../wasm/operations.js'
import { costOf } from './cost.js'

/** A place in the code, and the fuel that is charged whenever it is reached. */
export interface ChargePoint {
  readonly at: number
  cost: number
}

/**
 * Code from one charge point to the next, without the loops in it. Whoever enters pays at once for the dearest way through:
 * no way through has a loop, so there is a dearest one, and it is paid once however the way goes.
 */
type Region = ChargePoint

/** The dearest way to a place: the region that pays for it, and what it came to so far. */
interface Way {
  readonly region: Region
  readonly cost: number
}

interface Label {
  readonly opcode: number
  /** The way to where it opens; undefined where none leads. */
  readonly before: Way | undefined
  /** The dearest way that arrives at its end so far. */
  arriving: Way | undefined
  /** Whether its end is a charge point: a branch table leads to it, or ways from several regions. */
  isCharged: boolean
}

/** A loop that costs nothing would never end. */
const LOOP = 1

/** Finds where a function is charged, and how much. */
export class ChargePoints {
  readonly #points: ChargePoint[] = []
  readonly #labels: Label[] = []
  /** Places of the loops among the labels, outermost first. */
  readonly #loops: number[] = []
  #way: Way | undefined

  constructor(codeStart: number, entryCost: number) {
    this.#begin(codeStart, entryCost)
    this.#open(OP.block)
  }

  /** In the order of the code; what costs nothing is no charge point. */
  get points(): readonly ChargePoint[] {
    return this.#points.filter(({ cost }) => cost > 0)
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
        this.#loops.push(this.#labels.length)
        this.#open(OP.loop)
        this.#begin(instruction.end, LOOP)
        break
      case OP.else:
        this.#else()
        break
      case OP.end:
        this.#close(instruction.end)
        break
      case OP.branchIf:
        this.#branch(instruction.index, false)
        break
      case OP.branch:
        this.#branch(instruction.index, false)
        this.#way = undefined
        break
      case OP.branchTable:
        // The cases of a switch differ most: an interpreter would pay for its dearest opcode each time.
        for (const target of new Set(instruction.targets)) this.#branch(target, true)
        this.#way = undefined
        break
      case OP.return:
      case OP.unreachable:
        this.#way = undefined
        break
    }
  }

  #begin(at: number, cost: number): void {
    const region = { at, cost }
    this.#points.push(region)
    this.#way = { region, cost }
  }

  #spend(cost: number): void {
    if (this.#way === undefined || cost === 0) return
    const { region, cost: before } = this.#way
    this.#way = { region, cost: before + cost }
    region.cost = Math.max(region.cost, before + cost)
  }

  #open(opcode: number): void {
    this.#labels.push({ opcode, before: this.#way, arriving: undefined, isCharged: false })
  }

  #else(): void {
    const label = this.#labels.at(-1)
    if (label === undefined) return
    arrive(label, this.#way)
    this.#labels[this.#labels.length - 1] = { ...label, opcode: OP.else }
    this.#way = label.before
  }

  #close(end: number): void {
    const label = this.#labels.pop()
    if (label === undefined || this.#labels.length === 0) return
    if (label.opcode === OP.loop) {
      this.#loops.pop()
      // What the loop spends, it pays itself. Its end is passed only by falling out of it.
      if (this.#way !== undefined) this.#way = label.before
      return
    }
    arrive(label, this.#way)
    if (label.opcode === OP.if) arrive(label, label.before)
    this.#way = label.arriving
    if (label.isCharged && label.arriving !== undefined) this.#begin(end, 0)
  }

  /** A way that leaves loops goes on in the region around them, where it had come to the outermost of these. */
  #branch(index: number, isCharged: boolean): void {
    const place = this.#labels.length - 1 - index
    const label = this.#labels[place]
    // Back to the beginning of a loop, everything is paid anew.
    if (label === undefined || label.opcode === OP.loop) return
    const left = this.#labels[firstAbove(this.#loops, place) ?? this.#labels.length]
    arrive(label, left === undefined ? this.#way : left.before)
    if (isCharged) label.isCharged = true
  }
}

/** Ways from several regions cannot be compared: whoever arrives pays anew for what comes then. */
function arrive(label: Label, way: Way | undefined): void {
  if (way === undefined) return
  const known = label.arriving
  if (known !== undefined && known.region !== way.region) label.isCharged = true
  if (known === undefined || way.cost > known.cost) label.arriving = way
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
