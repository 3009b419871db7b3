import { Latencies, sharedMs } from './latency.mjs'

/**
 * Callers that each wait for their answer before they ask again. `after` gets the answer, and its time does not count
 * as latency.
 */
export async function closedLoop(callers, count, call, after = () => undefined) {
  const latencies = new Latencies()
  let next = 0
  const cpu = process.cpuUsage()
  const start = performance.now()
  const caller = async (_, number) => {
    while (next < count) {
      const index = next
      next += 1
      const before = performance.now()
      const answer = await call(index, number)
      latencies.record(performance.now() - before)
      await after(answer, number)
    }
  }
  await Promise.all(Array.from({ length: callers }, caller))
  const seconds = (performance.now() - start) / 1_000
  const { user, system } = process.cpuUsage(cpu)
  return { perSecond: count / seconds, cpuMicros: (user + system) / count, ...latencies.summary() }
}

/**
 * Starts a call at each tick of a fixed rate and counts its latency from the tick, not from when it was really sent: a
 * stall is felt by every call that should have been made meanwhile.
 */
export async function openLoop(perSecond, count, call) {
  const latencies = new Latencies()
  const answers = []
  const start = sharedMs() + 20
  for (let index = 0; index < count; index += 1) {
    const at = start + (index * 1_000) / perSecond
    const early = at - sharedMs()
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early))
    const answered = call(index).then((reply) => {
      latencies.record(sharedMs() - at)
      return { at, index: reply.index, id: reply.id, to: reply.to }
    })
    answers.push(answered)
  }
  return { calls: await Promise.all(answers), ...latencies.summary() }
}
