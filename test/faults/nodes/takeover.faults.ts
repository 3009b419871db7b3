import { appendFile } from 'node:fs/promises'
import { test } from 'vitest'
import { Cluster } from './cluster.js'
import { ENGINES } from './engines.js'

const KILLS = Number(process.env.IFAB_KILLS ?? 20)

/** Milliseconds from the death of the leader until a change that was asked for after it is acknowledged. */
async function takeOver(cluster: Cluster, round: number): Promise<number> {
  const [follower] = await cluster.followers()
  const leader = await cluster.leader()
  const admin = await follower?.admin()
  const ended = leader.end('SIGKILL')
  const killedAt = performance.now()
  const ask = async (): Promise<unknown> => {
    const profile = { swarm: `after-${round}`, capabilities: [] }
    return admin?.swarm.register(profile, { timeoutMs: 30_000 }).catch(ask)
  }
  await ask()
  const ms = performance.now() - killedAt
  await ended
  return ms
}

for (const engine of ENGINES) {
  engine.describe(`takeover on ${engine.name}`, () => {
    test(`after each of ${KILLS} kills`, { timeout: 600_000 }, async () => {
      await using cluster = await Cluster.start(engine, 1)
      const times: number[] = []
      for (let round = 0; round < KILLS; round += 1) {
        times.push(Math.round(await takeOver(cluster, round)))
        await cluster.settle()
      }
      const sorted = [...times].sort((a, b) => a - b)
      const [median, most] = [sorted[Math.floor(sorted.length / 2)], sorted.at(-1)]
      console.log(`takeover on ${engine.name}: p50 ${median} ms, max ${most} ms, of ${sorted.length} kills: ${sorted}`)
      // For `npm run bench -- takeover`.
      const report = process.env.IFAB_TAKEOVER_REPORT
      if (report !== undefined) await appendFile(report, `${JSON.stringify({ engine: engine.name, times })}\n`)
    })
  })
}
