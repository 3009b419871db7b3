import { refuseModule } from '../refusal.js'

/** What a module may have at most. Each has a reason in how long it takes to compile, or what the engine allows. */
export const MODULE_CAPS = {
  /** The file. */
  bytes: 16 * 1024 * 1024,
  types: 10_000,
  /** Parameters of one function type, and its results. */
  parameters: 1_000,
  results: 1_000,
  imports: 64,
  functions: 50_000,
  tables: 16,
  memories: 1,
  globals: 10_000,
  exports: 1_000,
  elementSegments: 10_000,
  dataSegments: 50_000,
  customSections: 1_000,
  /** Code of one function, its locals included. */
  bodyBytes: 1024 * 1024,
  /** Blocks inside each other. */
  nesting: 512,
  /** Targets of the branch tables of one function together. */
  branchTargets: 20_000,
  /** Locals of one function without its parameters. */
  locals: 2_000,
  /** Values that one function has on its operand stack at a time. */
  operands: 5_000,
} as const

export type Cap = keyof typeof MODULE_CAPS
export type Caps = Readonly<Record<Cap, number>>

const NAMES: Readonly<Record<Cap, string>> = {
  bytes: 'bytes',
  types: 'types',
  parameters: 'parameters in one type',
  results: 'results in one type',
  imports: 'imports',
  functions: 'functions',
  tables: 'tables',
  memories: 'memories',
  globals: 'globals',
  exports: 'exports',
  elementSegments: 'element segments',
  dataSegments: 'data segments',
  customSections: 'custom sections',
  bodyBytes: 'bytes in one function',
  nesting: 'blocks inside each other',
  branchTargets: 'branch targets in one function',
  locals: 'locals in one function',
  operands: 'operands in one function',
}

/** As messages call it, after a number. */
export function capName(cap: Cap): string {
  return NAMES[cap]
}

/** The most of each that was found; what a refusal cut short is not in it. */
export class Measures {
  readonly found: Record<Cap, number>
  readonly caps: Caps

  constructor(caps: Caps) {
    this.caps = caps
    this.found = Object.fromEntries(Object.keys(MODULE_CAPS).map((cap) => [cap, 0])) as Record<Cap, number>
  }

  /** Throws MODULE_REFUSED when it is too much. Returns the amount. */
  measure(cap: Cap, amount: number, offset?: number): number {
    if (amount > this.found[cap]) this.found[cap] = amount
    const limit = this.caps[cap]
    if (amount <= limit) return amount
    const what = `it has ${amount} ${NAMES[cap]}, and ${limit} ${limit === 1 ? 'is' : 'are'} allowed`
    throw refuseModule('too_large', what, { cap, found: amount, limit, ...(offset !== undefined && { offset }) })
  }
}
