import { Random } from '../../simulation/random.js'

type Type = 'i32' | 'i64' | 'f32' | 'f64' | 'v128'
const TYPES: readonly Type[] = ['i32', 'i64', 'f32', 'f64', 'v128']
const NUMBERS: readonly Type[] = ['i32', 'i64', 'f64']

/** Labels that code may branch to: to leave a block, or to go round once more, which its counter bounds. */
interface Label {
  readonly name: string
  /** Local that counts down; of a loop. */
  readonly counter?: string
  /** Type of the value that a block leaves. */
  readonly result?: Type
}

export interface Generated {
  readonly text: string
  readonly calls: readonly (readonly [name: string, ...values: readonly unknown[]])[]
}

const FUNCTIONS = 5
/** Those that are called through the table call nothing themselves. */
const LEAVES = 2

/**
 * A valid module that ends: functions call only those before them, and loops count down. It has loops, branches, branch
 * tables, calls through a table, memory, bulk operations and vectors. The same seed gives the same module.
 */
export function generateModule(seed: number): Generated {
  const random = new Random(seed)
  const functions = Array.from({ length: FUNCTIONS }, (_, index) => new FunctionWriter(random, index).text())
  const text = `(module
    (type $leaf (func (param i32 i64) (result i32)))
    (memory 1 4) (table $t 4 8 funcref) (global $g (mut i32) (i32.const ${random.below(100)})) (global $h (mut i64) (i64.const 3))
    (data $d "0123456789abcdef") (elem (table $t) (i32.const 0) func $f0 $f1 $f0 $f1) (elem $e func $f1 $f0)
    ${functions.join('\n')})`
  const values = [0, 1, -7, random.below(1_000_000)]
  const calls = values.flatMap((value) =>
    [FUNCTIONS - 1, FUNCTIONS - 2].map((index) => [`f${index}`, value, BigInt(value) * 3n] as const),
  )
  return { text, calls }
}

class FunctionWriter {
  readonly #random: Random
  readonly #index: number
  readonly #locals: string[] = TYPES.flatMap((type) => [`(local $${type}a ${type})`, `(local $${type}b ${type})`])
  #names = 0
  #loops = 0

  constructor(random: Random, index: number) {
    this.#random = random
    this.#index = index
  }

  text(): string {
    const body = this.#statements(3, [])
    const result = this.#expression('i32', 3, [])
    return `(func $f${this.#index} (export "f${this.#index}") (param $p i32) (param $q i64) (result i32)
      ${this.#locals.join(' ')} ${body} ${result})`
  }

  #fresh(prefix: string): string {
    this.#names += 1
    return `$${prefix}${this.#names}`
  }

  #statements(depth: number, labels: readonly Label[]): string {
    return Array.from({ length: 1 + this.#random.below(4) }, () => this.#statement(depth, labels)).join('\n')
  }

  #statement(depth: number, labels: readonly Label[]): string {
    const kinds = depth > 0 ? STATEMENTS : STATEMENTS.slice(0, SIMPLE)
    const value = (type: Type) => this.#expression(type, depth - 1, labels)
    const address = () => `(i32.and ${value('i32')} (i32.const 4095))`
    switch (this.#random.pick(kinds)) {
      case 'set': {
        const type = this.#random.pick(TYPES)
        return `(local.set $${type}${this.#random.pick(['a', 'b'])} ${value(type)})`
      }
      case 'store':
        return this.#store(address(), value)
      case 'global':
        return `(global.set $g ${value('i32')})`
      case 'drop':
        return `(drop ${value(this.#random.pick(TYPES))})`
      case 'bulk':
        return this.#bulk(value('i32'))
      case 'branch':
        return this.#branch(labels, value)
      case 'if':
        return `(if ${value('i32')} (then ${this.#statements(depth - 1, labels)})
          ${this.#random.chance(0.5) ? `(else ${this.#statements(depth - 1, labels)})` : ''})`
      case 'block': {
        const name = this.#fresh('b')
        return `(block ${name} ${this.#statements(depth - 1, [...labels, { name }])})`
      }
      case 'loop':
        return this.#loop(depth, labels)
      case 'table':
        return this.#branchTable(depth, labels)
    }
  }

  #store(address: string, value: (type: Type) => string): string {
    const type = this.#random.pick(TYPES)
    return `(${type}.store offset=${this.#random.below(64)} ${address} ${value(type)})`
  }

  #bulk(size: string): string {
    const count = `(i32.and ${size} (i32.const 255))`
    return this.#random.pick([
      `(memory.fill (i32.const 512) ${size} ${count})`,
      `(memory.copy (i32.const 100) (i32.const 180) ${count})`,
      `(memory.init $d (i32.const 64) (i32.const 2) (i32.and ${size} (i32.const 7)))`,
      `(table.copy $t $t (i32.const 2) (i32.const 0) (i32.and ${size} (i32.const 1)))`,
      '(table.init $t $e (i32.const 0) (i32.const 0) (i32.const 2))',
      '(drop (memory.grow (i32.const 1)))',
      `(drop (table.grow $t (ref.func $f0) (i32.and ${size} (i32.const 3))))`,
    ])
  }

  #branch(labels: readonly Label[], value: (type: Type) => string): string {
    const simple = labels.filter(({ result }) => result === undefined)
    if (simple.length === 0) return `(if ${value('i32')} (then (return ${value('i32')})))`
    const { name, counter } = this.#random.pick(simple)
    // Round once more only while the counter of that loop lasts.
    if (counter !== undefined) return again(name, counter)
    return this.#random.chance(0.3) ? `(br ${name})` : `(br_if ${name} ${value('i32')})`
  }

  #loop(depth: number, labels: readonly Label[]): string {
    this.#loops += 1
    const counter = `$count${this.#loops}`
    this.#locals.push(`(local ${counter} i32)`)
    const name = this.#fresh('l')
    return `(local.set ${counter} (i32.const ${1 + this.#random.below(4)}))
      (loop ${name} ${this.#statements(depth - 1, [...labels, { name, counter }])} ${again(name, counter)})`
  }

  #branchTable(depth: number, labels: readonly Label[]): string {
    const names = [this.#fresh('t'), this.#fresh('t'), this.#fresh('t')]
    const targets = Array.from({ length: 2 + this.#random.below(4) }, () => this.#random.pick(names)).join(' ')
    const open = names.map((name) => `(block ${name} `).join('')
    const inside = [...labels, ...names.map((name) => ({ name }))]
    const parts = names.map(() => `) ${this.#statements(depth - 2, labels)}`)
    return `${open} ${this.#statements(depth - 2, inside)}
      (br_table ${targets} (i32.and ${this.#expression('i32', depth - 1, labels)} (i32.const 7))) ${parts.join(' ')}`
  }

  #expression(type: Type, depth: number, labels: readonly Label[]): string {
    if (depth <= 0 || this.#random.chance(0.2)) return this.#leaf(type)
    const value = (wanted: Type) => this.#expression(wanted, depth - 1, labels)
    if (this.#random.chance(0.15)) return `(select (result ${type}) ${value(type)} ${value(type)} ${value('i32')})`
    if (this.#random.chance(0.15))
      return `(if (result ${type}) ${value('i32')} (then ${value(type)}) (else ${value(type)}))`
    if (this.#random.chance(0.1)) {
      const name = this.#fresh('v')
      const inner = this.#statements(depth - 1, [...labels, { name, result: type }])
      return `(block ${name} (result ${type}) ${inner} (br_if ${name} ${value(type)} ${value('i32')}))`
    }
    if (type === 'i32' && this.#random.chance(0.3)) return this.#call(value)
    return this.#operation(type, value)
  }

  #leaf(type: Type): string {
    const variable = this.#random.pick(['a', 'b'])
    if (this.#random.chance(0.5)) return `(local.get $${type}${variable})`
    if (type === 'v128') return `(v128.const i32x4 ${[1, 2, 3, 4].map(() => this.#random.below(1_000)).join(' ')})`
    if (type === 'i32' && this.#random.chance(0.4))
      return this.#random.pick(['(local.get $p)', '(global.get $g)', '(memory.size)'])
    if (type === 'i64' && this.#random.chance(0.4)) return this.#random.pick(['(local.get $q)', '(global.get $h)'])
    return `(${type}.const ${this.#random.below(200) - 100})`
  }

  #call(value: (type: Type) => string): string {
    const values = `${value('i32')} ${value('i64')}`
    if (this.#index < LEAVES) return `(i32.add ${value('i32')} (i32.const 1))`
    if (this.#random.chance(0.5)) return `(call $f${this.#random.below(this.#index)} ${values})`
    return `(call_indirect $t (type $leaf) ${values} (i32.and ${value('i32')} (i32.const 3)))`
  }

  #operation(type: Type, value: (type: Type) => string): string {
    const pick = (...names: readonly string[]) => this.#random.pick(names)
    const address = () => `(i32.and ${value('i32')} (i32.const 1023))`
    const same = () => `${value(type)} ${value(type)}`
    switch (type) {
      case 'i32': {
        const other = this.#random.pick(NUMBERS)
        const compared = other === 'f64' ? 'f64.lt' : `${other}.lt_s`
        return this.#random.pick([
          () => `(i32.${pick('add', 'sub', 'mul', 'xor', 'shl', 'rotl')} ${same()})`,
          () => `(i32.${pick('load', 'load8_s', 'load16_u')} ${address()})`,
          () => `(${compared} ${value(other)} ${value(other)})`,
          () => `(i32.wrap_i64 ${value('i64')})`,
          () => `(i32.trunc_sat_f64_s ${value('f64')})`,
          () => `(i32x4.extract_lane ${this.#random.below(4)} ${value('v128')})`,
          () => `(i32.${pick('clz', 'popcnt', 'extend8_s')} ${value('i32')})`,
        ])()
      }
      case 'i64':
        return this.#random.pick([
          () => `(i64.${pick('add', 'sub', 'mul', 'and', 'or', 'shr_u')} ${same()})`,
          () => `(i64.extend_i32_s ${value('i32')})`,
          () => `(i64.load ${address()})`,
        ])()
      case 'f32':
        return this.#random.pick([
          () => `(f32.${pick('min', 'max')} ${same()})`,
          () => `(f32.convert_i32_s ${value('i32')})`,
        ])()
      case 'f64':
        return this.#random.pick([
          () => `(f64.${pick('add', 'mul', 'min')} ${same()})`,
          () => `(f64.convert_i64_s ${value('i64')})`,
          () => `(f64.promote_f32 ${value('f32')})`,
        ])()
      case 'v128':
        return this.#random.pick([
          () => `(i32x4.${pick('add', 'sub', 'mul', 'max_s')} ${same()})`,
          () => `(i8x16.${pick('swizzle', 'add_sat_u')} ${same()})`,
          () => `(i32x4.splat ${value('i32')})`,
          () => `(v128.load ${address()})`,
          () => `(i16x8.replace_lane 3 ${value('v128')} ${value('i32')})`,
          () => `(v128.bitselect ${same()} ${value('v128')})`,
        ])()
    }
  }
}

const STATEMENTS = ['set', 'store', 'global', 'drop', 'bulk', 'branch', 'if', 'block', 'loop', 'table'] as const
/** The first of them need no depth. */
const SIMPLE = 6

function again(name: string, counter: string): string {
  return `(br_if ${name} (i32.gt_s (local.tee ${counter} (i32.sub (local.get ${counter}) (i32.const 1))) (i32.const 0)))`
}
