import type { RecordRun } from '../../src/coordinator/chassis-commands.js'

/** The command that records a run; by default a short one that completed, of a module that promises nothing. */
export function makeRun(swarm: string, changes: Partial<RecordRun> = {}): RecordRun {
  return {
    type: 'record_run',
    swarm,
    levels: {},
    digest: 'ab'.repeat(32),
    version: '1.0.0',
    end: 'completed',
    fuel: 1_000,
    memoryBytes: 65_536,
    wallMs: 10,
    cpuMs: 10,
    hostCalls: 0,
    jail: 'bubblewrap',
    ...changes,
  }
}
