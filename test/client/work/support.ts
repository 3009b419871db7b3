import type { FabricClient } from '../../../src/client/client.js'
import type { Transport, TransportReply, TransportRequest } from '../../../src/client/transport.js'
import type { WorkHandler } from '../../../src/client/work/held-task.js'
import type { WorkEnd, Worker, WorkOptions, WorkProblem } from '../../../src/client/work/options.js'

/** Runs a worker and gathers what it tells. */
export function watch(client: FabricClient, handler: WorkHandler, options: WorkOptions = {}) {
  const ends: WorkEnd[] = []
  const problems: WorkProblem[] = []
  let idle = 0
  const worker: Worker = client.work(handler, {
    onEnd: (end) => ends.push(end),
    onProblem: (problem) => problems.push(problem),
    onIdle: () => {
      idle += 1
    },
    ...options,
  })
  return { worker, ends, problems, idle: () => idle }
}

/** Rejects with the reason of the signal once it aborts. */
export function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    if (signal.aborted) reject(signal.reason)
  })
}

/** A transport that shows each exchange to `watch`, which may wait, replace the answer or throw. */
export function watched(
  inner: Transport,
  watch: (request: TransportRequest, exchange: () => Promise<TransportReply>) => Promise<TransportReply>,
): Transport {
  return (request) => watch(request, () => inner(request))
}
