import { describe, expect, test } from 'vitest'
import { engine, GuestMemory } from '../../../src/chassis/child/guest-memory.js'

const PAGE = 65_536

function memoryOf(pages: number): GuestMemory {
  const memory = new GuestMemory()
  const { Memory } = engine as unknown as { readonly Memory: new (type: { initial: number }) => object }
  memory.attach(new Memory({ initial: pages }))
  return memory
}

/** The same bits as i32 has them in JavaScript. */
const signed = (value: number) => value | 0

describe('a view of the memory', () => {
  test('goes up to its last byte', () => {
    const memory = memoryOf(1)
    expect(memory.view(0, PAGE)).toHaveLength(PAGE)
    expect(memory.view(PAGE, 0)).toHaveLength(0)
    expect(memory.view(PAGE - 1, 1)).toHaveLength(1)
  })

  test.each([
    [0, PAGE + 1],
    [PAGE, 1],
    [PAGE + 1, 0],
    [signed(0xffffffff), 1],
    [1, signed(0xffffffff)],
    [signed(0x80000000), signed(0x80000000)],
    [signed(0xffffffff), signed(0xffffffff)],
    [-1, 0],
  ])('of %i, %i is refused', (pointer, length) => {
    expect(() => memoryOf(1).view(pointer, length)).toThrow(/to a host function, and its memory has 65536$/)
  })

  test('is refused where there is no memory', () => {
    const memory = new GuestMemory()
    expect(() => memory.view(0, 0)).toThrow('it exports no memory of its own')
    for (const other of [undefined, () => 0, { buffer: new ArrayBuffer(8) }]) {
      memory.attach(other)
      expect(() => memory.view(0, 0)).toThrow('it exports no memory of its own')
      expect(memory.bytes).toBe(0)
    }
  })
})

describe('put', () => {
  test('copies what there is from an offset on, and says how much', () => {
    const memory = memoryOf(1)
    const source = Uint8Array.from([1, 2, 3, 4])
    expect(memory.put(source, 1, 10, 2)).toBe(2)
    expect(memory.put(source, 3, 20, 9)).toBe(1)
    expect(memory.put(source, 4, 30, 9)).toBe(0)
    expect(memory.put(source, -1, 30, 9)).toBe(0)
    expect([...memory.view(9, 4), ...memory.view(20, 2), ...memory.view(30, 1)]).toEqual([0, 2, 3, 0, 4, 0, 0])
  })

  test('needs all the room that it was promised', () => {
    expect(() => memoryOf(1).put(Uint8Array.of(1), 0, PAGE - 1, 2)).toThrow('to a host function')
  })
})
