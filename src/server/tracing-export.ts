import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base'
import type { Log } from './logging.js'

type Export = SpanExporter['export']

/** Says when traces cannot be sent, and when they can again; the SDK by itself drops them without a word. */
export class ExportWatch implements SpanExporter {
  readonly #exporter: SpanExporter
  readonly #log: Log
  #failing = false
  #lost = 0

  constructor(exporter: SpanExporter, log: Log) {
    this.#exporter = exporter
    this.#log = log
  }

  readonly export: Export = (spans: ReadableSpan[], done) => {
    this.#exporter.export(spans, (result) => {
      if (result.code === 0) this.#sent()
      else this.#failed(spans.length, result.error)
      done(result)
    })
  }

  shutdown(): Promise<void> {
    return this.#exporter.shutdown()
  }

  async forceFlush(): Promise<void> {
    await this.#exporter.forceFlush?.()
  }

  #failed(spans: number, error: Error | undefined): void {
    this.#lost += spans
    if (this.#failing) return
    this.#failing = true
    this.#log.warn('traces cannot be sent and are lost until the collector answers', { reason: error?.message })
  }

  #sent(): void {
    if (!this.#failing) return
    this.#failing = false
    this.#log.info('traces are sent again', { lost: this.#lost })
    this.#lost = 0
  }
}
