import type { Histogram } from '../../model/histogram.js'
import { type HistogramName, type LabelsOf, METRICS, type MetricName, type NumberName, rowOf } from './table.js'

export const FORMATS = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
} as const
export type Format = keyof typeof FORMATS

type Labels = Readonly<Record<string, string>>
/** The end of a sample's name, its labels, and its value as written. */
type Sample = readonly [suffix: string, labels: string, value: string]

/** Collects samples and writes them as one page, in the order of the table. */
export class Exposition {
  readonly #samples = new Map<MetricName, Sample[]>()

  add<Name extends NumberName>(name: Name, value: number, ...labels: LabelArguments<Name>): void {
    this.#put(name, ['', labelText(labels[0]), numberText(value)])
  }

  addHistogram<Name extends HistogramName>(name: Name, histogram: Histogram, ...given: LabelArguments<Name>): void {
    const labels: Labels = given[0] ?? {}
    const { bounds, count, sum } = histogram
    histogram.cumulative().forEach((below, at) => {
      const le = boundText(bounds[at] as number)
      this.#put(name, ['_bucket', labelText({ ...labels, le }), numberText(below)])
    })
    this.#put(name, ['_bucket', labelText({ ...labels, le: '+Inf' }), numberText(count)])
    this.#put(name, ['_sum', labelText(labels), numberText(sum)])
    this.#put(name, ['_count', labelText(labels), numberText(count)])
  }

  /** The page in a format; metrics without a sample are left out. */
  write(format: Format): string {
    const lines: string[] = []
    for (const name of Object.keys(METRICS) as MetricName[]) {
      const samples = this.#samples.get(name)
      if (samples === undefined) continue
      const { type, help } = rowOf(name)
      // In OpenMetrics the family of a counter is called without the suffix that its sample has.
      const family = format === 'openmetrics' && type === 'counter' ? name.replace(/_total$/, '') : name
      lines.push(`# HELP ${family} ${help}`, `# TYPE ${family} ${type}`)
      for (const [suffix, labels, value] of samples) lines.push(`${name}${suffix}${labels} ${value}`)
    }
    if (format === 'openmetrics') lines.push('# EOF')
    return `${lines.join('\n')}\n`
  }

  #put(name: MetricName, sample: Sample): void {
    const samples = this.#samples.get(name)
    if (samples === undefined) this.#samples.set(name, [sample])
    else samples.push(sample)
  }
}

type LabelArguments<Name extends MetricName> =
  LabelsOf<Name> extends Readonly<Record<string, never>> ? [] : [labels: LabelsOf<Name>]

function labelText(labels: Labels | undefined): string {
  const pairs = Object.entries(labels ?? {})
  if (pairs.length === 0) return ''
  return `{${pairs.map(([name, value]) => `${name}="${escaped(value)}"`).join(',')}}`
}

function escaped(value: string): string {
  return value.replace(/[\\"\n]/g, (found) => (found === '\n' ? '\\n' : `\\${found}`))
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value)
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
}

/** With a point, as OpenMetrics asks, in both formats: a series must not change with the format of a scrape. */
function boundText(bound: number): string {
  return Number.isInteger(bound) ? `${bound}.0` : String(bound)
}

/** What a scraper asks for: OpenMetrics where it likes it at least as well as plain text. */
export function formatOf(accept: string | undefined): Format {
  const wanted = (accept ?? '').split(',').map(mediaRange)
  const best = (type: string) => Math.max(0, ...wanted.filter((range) => range.type === type).map(({ q }) => q))
  const openmetrics = best('application/openmetrics-text')
  return openmetrics > 0 && openmetrics >= best('text/plain') ? 'openmetrics' : 'text'
}

function mediaRange(text: string): { readonly type: string; readonly q: number } {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase())
  const weight = parameters.find((parameter) => parameter.startsWith('q='))
  const q = weight === undefined ? 1 : Number(weight.slice(2))
  return { type, q: q >= 0 && q <= 1 ? q : 0 }
}
