import { Histogram } from '../../model/histogram.js'
import type { RequestEnd, RequestObserver } from '../request-observer.js'
import type { Exposition } from './exposition.js'
import type { LabelsOf } from './table.js'

/** Counts requests and how long they took. There are as many series as routes, times the classes of status they had. */
export class HttpMeter {
  #inFlight = 0
  /** By operation and class of status. */
  readonly #durations = new Map<string, Durations>()

  readonly observe: RequestObserver = (_request, operation) => {
    this.#inFlight += 1
    return (end) => {
      this.#inFlight -= 1
      this.#durationOf(operation, statusClass(end)).observe(end.seconds)
    }
  }

  add(page: Exposition): void {
    page.add('infrafabric_http_requests_in_flight', this.#inFlight)
    for (const { labels, seconds } of this.#durations.values()) {
      page.addHistogram('infrafabric_http_request_duration_seconds', seconds, labels)
    }
  }

  #durationOf(operation: string, status: string): Histogram {
    const key = `${operation} ${status}`
    const known = this.#durations.get(key)
    if (known !== undefined) return known.seconds
    const seconds = new Histogram()
    this.#durations.set(key, { labels: { operation, status }, seconds })
    return seconds
  }
}

interface Durations {
  readonly labels: LabelsOf<'infrafabric_http_request_duration_seconds'>
  readonly seconds: Histogram
}

function statusClass({ status, aborted }: RequestEnd): string {
  return aborted ? 'aborted' : `${Math.floor(status / 100)}xx`
}
