import { PROGRAMS } from '../chassis/modules.mjs'

const CHILDREN = 100
const MB = 1_000_000

/** What the sandbox costs: calls, starts, recovery, fuel in the code, and memory. */
export async function chassis(setting) {
  return [...(await calls(setting)), ...(await starts(setting)), ...(await metering(setting)), ...(await many(setting))]
}

async function calls({ children, rounds, scale, progress }) {
  const results = []
  for (let round = 0; round < Math.min(rounds, 3); round += 1) {
    progress(`chassis, calls, round ${round + 1}`)
    results.push(await children.result('chassis-calls', { calls: 4_000 * scale }))
  }
  const micros = (latency) => latency.p50 * 1_000
  const note = `64 bytes in and out, a fresh instance each; jail ${results[0].level}`
  return [
    { name: 'a warm call, p50', unit: 'µs', values: results.map(({ sandboxed }) => micros(sandboxed)), note },
    { name: 'the same in a bare worker thread, p50', unit: 'µs', values: results.map(({ bare }) => micros(bare)) },
    {
      name: 'a warm call against a bare worker thread',
      unit: 'x',
      values: results.map(({ sandboxed, bare }) => sandboxed.p50 / bare.p50),
      goal: { below: 2 },
    },
  ]
}

async function starts({ children, scale, progress }) {
  progress('chassis, starts')
  const { cold, recovered } = await children.result('chassis-starts', { starts: Math.max(5, Math.round(15 * scale)) })
  return [
    {
      name: 'first call of a module, nothing started ahead',
      unit: 'ms',
      values: cold,
      goal: { below: 250 },
      note: 'start, jail, limits, compiling and the call',
    },
    {
      name: 'from a deadline until the next good call of another swarm has ended',
      unit: 'ms',
      values: recovered,
      goal: { below: 20 },
      note: 'killing, and a call in a spare child',
    },
  ]
}

async function metering({ children, scale, progress }) {
  const results = []
  for (const program of PROGRAMS) {
    progress(`chassis, fuel, ${program}`)
    results.push({ program, ...(await children.result('chassis-metering', { program, rounds: 60 * scale })) })
  }
  const ratios = results.map(({ plainMs, meteredMs }) => meteredMs / plainMs)
  const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length)
  return [
    ...results.map(({ program, plainMs, fuel }, index) => ({
      name: `fuel in the code: ${program} against the original`,
      unit: 'x',
      values: [ratios[index]],
      note: `${plainMs.toFixed(2)} ms without, ${fuel.toLocaleString('en-US')} units`,
    })),
    { name: 'fuel in the code, geometric mean', unit: 'x', values: [mean], goal: { below: 1.4 } },
  ]
}

async function many({ children, progress }) {
  progress(`chassis, ${CHILDREN} children`)
  const { processes, completed, startedMs, againMs, memory } = await children.result('chassis-children', {
    children: CHILDREN,
  })
  return [
    {
      name: 'children at one time, each of another swarm',
      unit: 'children',
      values: [processes],
      goal: { atLeast: CHILDREN },
      note: `${completed} of ${2 * CHILDREN} calls completed; all started in ${(startedMs / 1_000).toFixed(1)} s, a second call of each took ${againMs.toFixed(0)} ms in all`,
    },
    {
      name: 'memory of a child without work, proportional',
      unit: 'MB',
      values: memory.map((bytes) => bytes / MB),
      goal: { below: 60 },
    },
  ]
}
