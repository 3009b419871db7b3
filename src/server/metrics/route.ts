import type { FastifyInstance } from 'fastify'
import type { Fabric } from '../../fabric/fabric.js'
import type { Places } from '../push/places.js'
import type { RateLimits } from '../rate-limits.js'
import { Exposition, FORMATS, type Format, formatOf } from './exposition.js'
import { addFabric } from './fabric-samples.js'
import type { HttpMeter } from './http-meter.js'
import { ProcessSamples } from './process-samples.js'

export interface MetricsOptions {
  readonly fabric: Fabric
  readonly http: HttpMeter
  /** Of the program. */
  readonly version: string
  readonly limits: RateLimits
  readonly places: Places
}

/** `GET /metrics`: for Prometheus, in the text format or as OpenMetrics. The guard lets in whoever may read the fabric. */
export function addMetrics(app: FastifyInstance, options: MetricsOptions): void {
  const ofProcess = new ProcessSamples()
  app.addHook('onClose', (_app, done) => {
    ofProcess.close()
    done()
  })
  app.get('/metrics', async ({ headers }, reply) => {
    const format = formatOf(headers.accept)
    const page = await writeMetrics(options, ofProcess, format)
    return reply.header('cache-control', 'no-store').type(FORMATS[format]).send(page)
  })
}

async function writeMetrics(options: MetricsOptions, ofProcess: ProcessSamples, format: Format): Promise<string> {
  const { fabric, http, limits, places, version } = options
  const page = new Exposition()
  page.add('infrafabric_build_info', 1, { version, fabric: fabric.name })
  await addFabric(page, fabric)
  for (const [kind, open] of Object.entries(places.taken)) page.add('infrafabric_push_connections', open, { kind })
  page.add('infrafabric_rate_limited_total', limits.refused)
  http.add(page)
  await ofProcess.add(page)
  return page.write(format)
}
