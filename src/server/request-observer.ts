import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { asFabricError, type ErrorCode } from '../model/errors.js'
import { SECOND_MS } from '../model/time.js'
import { OPERATION_LIST } from '../operations/table.js'

/** How a request ended. */
export interface RequestEnd {
  readonly status: number
  /** The caller left before the answer was complete. */
  readonly aborted: boolean
  readonly seconds: number
  /** Code of the error that was answered, if it was one. */
  readonly code?: ErrorCode
}

/** Hears of a request when its headers are there, also of one that the guard will refuse; what it returns hears of its end. */
export type RequestObserver = (
  request: FastifyRequest,
  operation: string,
  reply: FastifyReply,
) => (end: RequestEnd) => void

/** Call this before the guard and the routes are added. */
export function observeRequests(app: FastifyInstance, observers: readonly RequestObserver[]): void {
  const codes = new WeakMap<FastifyRequest, ErrorCode>()
  app.addHook('onRequest', (request, reply, done) => {
    const operation = operationOf(request)
    const begun = performance.now()
    const ends = observers.map((observe) => observe(request, operation, reply))
    reply.raw.once('close', () => {
      const code = codes.get(request)
      const end = {
        status: reply.raw.statusCode,
        aborted: !reply.raw.writableFinished,
        seconds: (performance.now() - begun) / SECOND_MS,
        ...(code !== undefined && { code }),
      }
      for (const tell of ends) tell(end)
    })
    done()
  })
  app.addHook('onError', (request, _reply, error, done) => {
    codes.set(request, asFabricError(error).code)
    done()
  })
}

const OPERATIONS: ReadonlyMap<string, string> = new Map(
  OPERATION_LIST.map(({ method, path, name }) => [`${method} ${path}`, name]),
)

/** Name of the operation, else the route; never the path, in which strangers type what they like. */
function operationOf({ method, routeOptions }: Pick<FastifyRequest, 'method' | 'routeOptions'>): string {
  if (routeOptions.url === undefined) return 'unknown'
  const route = `${method === 'HEAD' ? 'GET' : method} ${routeOptions.url}`
  return OPERATIONS.get(route) ?? route
}
