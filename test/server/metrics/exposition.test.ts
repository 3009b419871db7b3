import { describe, expect, test } from 'vitest'
import { Histogram } from '../../../src/model/histogram.js'
import { Exposition, formatOf } from '../../../src/server/metrics/exposition.js'
import { METRICS, type MetricName, rowOf } from '../../../src/server/metrics/table.js'

describe('a histogram', () => {
  test('counts a value at the first bound that is not below it', () => {
    const histogram = new Histogram([1, 2, 5])
    for (const value of [0.5, 1, 1.5, 5, 9]) histogram.observe(value)
    expect(histogram.cumulative()).toEqual([2, 3, 4])
    expect({ count: histogram.count, sum: histogram.sum }).toEqual({ count: 5, sum: 17 })
  })
})

describe('a page', () => {
  test('has the samples of a metric together, in the order of the table, with help and type once', () => {
    const page = new Exposition()
    page.add('infrafabric_tasks', 2, { state: 'claimed' })
    page.add('infrafabric_commands_total', 7)
    page.add('infrafabric_tasks', 1, { state: 'available' })
    expect(page.write('text').split('\n')).toEqual([
      '# HELP infrafabric_commands_total Commands that were decided, refused ones too.',
      '# TYPE infrafabric_commands_total counter',
      'infrafabric_commands_total 7',
      '# HELP infrafabric_tasks Tasks in memory by state.',
      '# TYPE infrafabric_tasks gauge',
      'infrafabric_tasks{state="claimed"} 2',
      'infrafabric_tasks{state="available"} 1',
      '',
    ])
  })

  test('in OpenMetrics calls the family of a counter without its suffix, and has an end', () => {
    const page = new Exposition()
    page.add('infrafabric_commands_total', 7)
    expect(page.write('openmetrics').split('\n')).toEqual([
      '# HELP infrafabric_commands Commands that were decided, refused ones too.',
      '# TYPE infrafabric_commands counter',
      'infrafabric_commands_total 7',
      '# EOF',
      '',
    ])
  })

  test('has buckets that add up, with bounds that are written the same in both formats', () => {
    const page = new Exposition()
    const histogram = new Histogram([0.5, 1])
    for (const value of [0.25, 0.75, 4]) histogram.observe(value)
    page.addHistogram('infrafabric_wait_wake_seconds', histogram)
    const samples = (format: 'text' | 'openmetrics') => page.write(format).match(/^infrafabric.*$/gm)
    expect(samples('text')).toEqual([
      'infrafabric_wait_wake_seconds_bucket{le="0.5"} 1',
      'infrafabric_wait_wake_seconds_bucket{le="1.0"} 2',
      'infrafabric_wait_wake_seconds_bucket{le="+Inf"} 3',
      'infrafabric_wait_wake_seconds_sum 5',
      'infrafabric_wait_wake_seconds_count 3',
    ])
    expect(samples('openmetrics')).toEqual(samples('text'))
  })

  test('escapes what would end a label, and writes numbers that are none as Prometheus does', () => {
    const page = new Exposition()
    page.add('infrafabric_model_spent_dollars', Number.NaN, { model: 'a"b\\c\nd' })
    page.add('infrafabric_model_spent_dollars', Number.POSITIVE_INFINITY, { model: 'e' })
    page.add('infrafabric_model_spent_dollars', Number.NEGATIVE_INFINITY, { model: 'f' })
    expect(page.write('text').match(/^infrafabric.*$/gm)).toEqual([
      'infrafabric_model_spent_dollars{model="a\\"b\\\\c\\nd"} NaN',
      'infrafabric_model_spent_dollars{model="e"} +Inf',
      'infrafabric_model_spent_dollars{model="f"} -Inf',
    ])
  })
})

describe('the format', () => {
  const PROMETHEUS = 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1'

  test.each([
    [undefined, 'text'],
    ['', 'text'],
    ['*/*', 'text'],
    ['text/plain', 'text'],
    [PROMETHEUS, 'openmetrics'],
    ['APPLICATION/OpenMetrics-Text', 'openmetrics'],
    ['application/openmetrics-text;q=0', 'text'],
    ['application/openmetrics-text;q=0.2, text/plain;q=0.9', 'text'],
    ['application/openmetrics-text;q=x', 'text'],
  ])('for Accept %j is %s', (accept, format) => {
    expect(formatOf(accept)).toBe(format)
  })
})

describe('the table', () => {
  const names = Object.keys(METRICS) as MetricName[]

  test.each(names)('follows the rules of Prometheus for %s', (name) => {
    const { type, help } = rowOf(name)
    expect(name).toMatch(/^(infrafabric|process|nodejs)_[a-z0-9]+(_[a-z0-9]+)*$/)
    expect(name.endsWith('_total')).toBe(type === 'counter')
    expect(name).not.toMatch(/_(ms|millis|milliseconds|kb|mb|nanos|percent|count|sum|bucket)(_|$)/)
    expect(help).toMatch(/^[^\\\n"]+[.]$/)
  })
})
