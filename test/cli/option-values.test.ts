import { InvalidArgumentError } from 'commander'
import { describe, expect, test } from 'vitest'
import { alignColumns, alignFields } from '../../src/cli/columns.js'
import * as read from '../../src/cli/option-values.js'

describe('values of options', () => {
  test('lists split at commas and grow with each occurrence', () => {
    expect(read.list('a, b')).toEqual(['a', 'b'])
    expect(read.list('c', ['a', 'b'])).toEqual(['a', 'b', 'c'])
    expect(read.repeated('a, b', ['x'])).toEqual(['x', 'a, b'])
    expect(read.pair('a=b=c', { x: '' })).toEqual({ x: '', a: 'b=c' })
  })

  test.each([
    ['500ms', 500],
    ['50s', 50_000],
    ['1.5m', 90_000],
    ['2h', 7_200_000],
    ['30', 30_000],
    ['0', 0],
  ])('%s lasts %i ms', (text, ms) => {
    expect(read.duration(text)).toBe(ms)
  })

  test('dollars, estimates and percentages', () => {
    expect(read.dollars('$1.25')).toBe(1_250_000_000)
    expect(read.dollars('1,000.50')).toBe(1_000_500_000_000)
    expect(read.dollars('0.000000001')).toBe(1)
    expect(read.fraction('0.9')).toBe(0.9)
    expect(read.patience('720h')).toBe(2_592_000_000)
    expect(read.repeatedId('b', ['a'])).toEqual(['a', 'b'])
    expect(read.time('2026-01-31')).toBe('2026-01-31T00:00:00Z')
    expect(read.time('2026-01-31T08:30:00+02:00')).toBe('2026-01-31T08:30:00+02:00')
    expect(read.estimate('1h 30m')).toBe(90)
    expect(read.percent('75%')).toBe(75)
    expect(read.wait('240s')).toBe(240_000)
    expect(read.exitCode('-1', [0])).toEqual([0, -1])
    expect(read.plannedMilestone('50=half = done')).toEqual([{ percent: 50, text: 'half = done' }])
  })

  const wrong: [parse: (value: string) => unknown, value: string][] = [
    [read.list, 'a,,b'],
    [read.list, ''],
    [read.wholeNumber, '-1'],
    [read.wholeNumber, '1.5'],
    [read.wholeNumber, '1e3'],
    [read.wholeNumber, ''],
    [read.wholeNumber, '9999999999999999'],
    [read.exitCode, 'x'],
    [read.pair, '=x'],
    [read.pair, 'x'],
    [read.duration, '5 parsecs'],
    [read.duration, '-5s'],
    [read.duration, ''],
    [read.wait, '241s'],
    [read.estimate, 'soon'],
    [read.dollars, '1.2345678901'],
    [read.dollars, '-1'],
    [read.dollars, 'NaN'],
    [read.dollars, '1e300'],
    [read.dollars, '1,50'],
    [read.dollars, '1,0000'],
    [read.dollars, '9999999'],
    [read.dollars, ''],
    [read.fraction, '1.1'],
    [read.fraction, '-1'],
    [read.fraction, ''],
    [read.fraction, '2'],
    [read.patience, '721h'],
    [read.patience, '999ms'],
    [read.repeatedId, 'a b'],
    [read.time, 'yesterday'],
    [read.time, '2026-13-01'],
    [read.percent, '30'],
    [read.plannedMilestone, '30=x'],
    [read.plannedMilestone, '=x'],
  ]
  test.each(wrong)('%o refuses %j', (parse, value) => {
    expect(() => parse(value)).toThrow(InvalidArgumentError)
  })
})

describe('aligned text', () => {
  test('columns are as wide as their widest cell; long cells are cut, empty ones shown as -', () => {
    expect(
      alignColumns(
        ['A', 'LONG'],
        [
          ['wide', ''],
          ['x', 'y'.repeat(99)],
        ],
      ),
    ).toEqual(['A     LONG', 'wide  -', `x     ${'y'.repeat(57)}...`])
    expect(alignColumns(['A', 'B'], [['one\ntwo\tthree', '🐝']])).toEqual(['A              B', 'one two three  🐝'])
  })

  test('fields without a value are left out, and further lines are indented', () => {
    expect(
      alignFields([
        ['a', 'one\ntwo'],
        ['long', 'x'],
        ['gone', undefined],
        ['empty', ''],
      ]),
    ).toEqual(['a     one', '      two', 'long  x'])
    expect(alignFields([])).toEqual([])
  })
})
