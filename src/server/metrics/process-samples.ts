import { readdir, readFile } from 'node:fs/promises'
import { type EventLoopUtilization, type IntervalHistogram, monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { SECOND_MS } from '../../model/time.js'
import type { Exposition } from './exposition.js'

const MICROSECONDS = 1e6
const NANOSECONDS = 1e9
const RESOLUTION_MS = 20

/** What the process says of itself. It watches the event loop from the first scrape on: nobody asked before. */
export class ProcessSamples {
  #delay: IntervalHistogram | undefined
  #utilization: EventLoopUtilization | undefined

  async add(page: Exposition): Promise<void> {
    const { user, system } = process.cpuUsage()
    const memory = process.memoryUsage()
    page.add('process_cpu_seconds_total', (user + system) / MICROSECONDS)
    page.add('process_resident_memory_bytes', memory.rss)
    page.add('process_start_time_seconds', performance.timeOrigin / SECOND_MS)
    page.add('nodejs_heap_used_bytes', memory.heapUsed)
    page.add('nodejs_heap_size_bytes', memory.heapTotal)
    page.add('nodejs_external_memory_bytes', memory.external)
    this.#addEventLoop(page)
    const [open, most] = await Promise.all([openFiles(), fileLimit()])
    if (open !== undefined) page.add('process_open_fds', open)
    if (most !== undefined) page.add('process_max_fds', most)
  }

  close(): void {
    this.#delay?.disable()
  }

  #addEventLoop(page: Exposition): void {
    if (this.#delay === undefined) {
      this.#delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
      this.#delay.enable()
    } else {
      page.add('nodejs_eventloop_lag_p99_seconds', late(this.#delay.percentile(99)))
      page.add('nodejs_eventloop_lag_max_seconds', late(this.#delay.max))
      this.#delay.reset()
    }
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, this.#utilization)
    this.#utilization = now
    page.add('nodejs_eventloop_utilization_ratio', utilization)
  }
}

/** Node measures from one firing of its timer to the next: what is beyond the interval is late. */
function late(nanoseconds: number): number {
  return Math.max(0, nanoseconds / NANOSECONDS - RESOLUTION_MS / SECOND_MS)
}

/** Linux tells; elsewhere the sample is left out. */
async function openFiles(): Promise<number | undefined> {
  const names = await readdir('/proc/self/fd').catch(() => undefined)
  return names?.length
}

async function fileLimit(): Promise<number | undefined> {
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '')
  const [, soft] = /^Max open files\s+(\d+)/m.exec(limits) ?? []
  return soft === undefined ? undefined : Number(soft)
}
