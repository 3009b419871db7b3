import type { JailLevel } from '../../src/chassis/jail/levels.js'
import type { RunReport, RunRequest } from '../../src/chassis/sandbox/run.js'

const GOOD: RunReport = {
  ...{ end: 'completed', code: 0, output: Buffer.from('done'), fuel: 12, memoryBytes: 65_536, wallMs: 2, cpuMs: 0 },
  ...{ hostCalls: 0, jail: 'bubblewrap' },
}

/** A sandbox in which the test says how each run ends. What runs in the real one is tested elsewhere. */
export class ScriptedSandbox {
  readonly runs: { readonly request: RunRequest; end(report?: Partial<RunReport>): void; fail(error: Error): void }[] =
    []
  #wake = () => {}

  jail: JailLevel = 'bubblewrap'

  level(): Promise<JailLevel> {
    return Promise.resolve(this.jail)
  }

  run(request: RunRequest): Promise<RunReport> {
    return new Promise((resolve, reject) => {
      const end = (report: Partial<RunReport> = {}) => resolve({ ...GOOD, ...report })
      request.signal?.addEventListener('abort', () => end({ end: 'cancelled' }), { once: true })
      this.runs.push({ request, end, fail: reject })
      this.#wake()
    })
  }

  /** The run with this number, from 0, once it has begun. */
  async begun(number: number) {
    while (this.runs[number] === undefined) await new Promise<void>((resolve) => (this.#wake = resolve))
    return this.runs[number]
  }
}
