import type { Event, Hold } from './ledger.js'

interface Run {
  readonly at: number
  readonly end: string
  readonly wallMs: number
}

interface Levels {
  readonly p99LatencyMs?: number
  readonly successRate?: number
  readonly availability?: number
}

interface Module {
  runs: Run[]
  levels: Levels
  reputation: number
  judgedAt: number
  readonly violated: Set<string>
}

const DAY_MS = 86_400_000

/** Promises and reputations, from the entries alone and by a formula of its own. */
export class RunAudit {
  readonly #require: Hold
  readonly #modules = new Map<string, Module>()

  constructor(require: Hold) {
    this.#require = require
  }

  follow(name: string, event: Event): void {
    const at = Date.parse(event.time)
    const module = this.#module(event.subject)
    switch (name) {
      case 'run_ended':
        this.#require(event.actor === 'fabric', event, 'only the fabric says what it ran')
        this.#run(module, event, at)
        break
      case 'service_level_violated':
      case 'service_level_restored': {
        const level = event.data.level as string
        const violated = name === 'service_level_violated'
        this.#require(module.violated.has(level) !== violated, event, 'a violation begins and ends once')
        if (violated) module.violated.add(level)
        else module.violated.delete(level)
        break
      }
      case 'reputation_aged':
        this.#require(event.data.before === module.reputation && module.reputation < 1, event, 'it was below 1')
        this.#require(at >= module.judgedAt + DAY_MS, event, 'a day has passed')
        judge(module, at)
        this.#require(event.data.reputation === module.reputation, event, `it is ${module.reputation} now`)
        break
    }
  }

  /** Of the swarm, as far as its runs say something. */
  reputationOf(swarm: string): number {
    return this.#modules.get(swarm)?.reputation ?? 1
  }

  /** No promise is broken without an entry that says so, nor kept. */
  between(): void {
    for (const [swarm, { runs, levels, violated }] of this.#modules) {
      const broken = runs.length < 10 ? [] : brokenLevels(runs, levels)
      if (broken.join() !== [...violated].sort().join()) {
        throw new Error(`${swarm} breaks ${broken.join()}, and the log says ${[...violated].join()}`)
      }
    }
  }

  #module(swarm: string): Module {
    const known = this.#modules.get(swarm)
    if (known !== undefined) return known
    const module: Module = { runs: [], levels: {}, reputation: 1, judgedAt: 0, violated: new Set() }
    this.#modules.set(swarm, module)
    return module
  }

  #run(module: Module, { data }: Event, at: number): void {
    if (data.end === 'cancelled') return
    if (data.levels !== undefined) module.levels = data.levels as Levels
    module.runs = [...module.runs, { at, end: data.end as string, wallMs: data.wallMs as number }].slice(-100)
    judge(module, at)
  }
}

function judge(module: Module, at: number): void {
  const { runs, levels } = module
  module.judgedAt = at
  module.reputation = runs.length < 10 ? 1 : reputation(runs, levels, at)
}

function reputation(
  runs: readonly Run[],
  { successRate = 0, p99LatencyMs = Number.POSITIVE_INFINITY }: Levels,
  at: number,
) {
  const days = (run: Run) => Math.floor((at - run.at) / DAY_MS)
  let failed = 0
  for (const run of runs) if (run.end !== 'completed' && days(run) < 11) failed += 0.5 ** days(run)
  const success = 1 - failed / runs.length
  const late = p99(runs.map((run) => (days(run) < 11 ? run.wallMs : Math.min(run.wallMs, p99LatencyMs)))) / p99LatencyMs
  const penalties =
    Math.min(Math.max(2 * (successRate - success), 0), 0.3) + Math.min(Math.max(0.2 * (late - 1), 0), 0.2)
  return Math.round(Number(((1 - penalties) * success * 1e4).toFixed(5))) / 1e4
}

function brokenLevels(runs: readonly Run[], { p99LatencyMs, successRate, availability }: Levels): string[] {
  const share = (bad: readonly string[], others: boolean) =>
    runs.filter(({ end }) => bad.includes(end) === others).length / runs.length
  const unavailable = ['crashed', 'protocol', 'deadline']
  return [
    ...(share(unavailable, false) < (availability ?? 0) ? ['availability'] : []),
    ...(p99(runs.map(({ wallMs }) => wallMs)) > (p99LatencyMs ?? Number.POSITIVE_INFINITY) ? ['p99'] : []),
    ...(share(['completed'], true) < (successRate ?? 0) ? ['success'] : []),
  ]
}

/** All but one of each hundred ended in this time. */
function p99(times: readonly number[]): number {
  const slowestFirst = [...times].sort((a, b) => b - a)
  return slowestFirst[Math.floor(times.length / 100)] as number
}
