import type { Log } from './logging.js'
import type { RequestObserver } from './request-observer.js'

/** Logs each request at level `debug`: who asked for what and how it ended, and nothing of what was sent or answered. */
export function logRequests(log: Log): RequestObserver {
  return (request, operation) => {
    const { traceparent } = request.headers
    return ({ status, aborted, seconds, code }) => {
      if (!log.writes('debug')) return
      log.debug('request', {
        request: request.id,
        operation,
        status,
        ms: Math.round(seconds * 1e6) / 1e3,
        actor: request.principal?.actor,
        code,
        ...(aborted && { aborted }),
        ...(typeof traceparent === 'string' && { traceparent }),
      })
    }
  }
}
