import type { CliCommand } from './command.js'
import { addWitnessCheck } from './witness-check.js'
import { addWitnessExport } from './witness-export.js'
import { addWitnessKey } from './witness-key.js'
import { addWitnessProve } from './witness-prove.js'
import { addWitnessQuery } from './witness-query.js'
import { addWitnessServe } from './witness-serve.js'
import { addWitnessTrace } from './witness-trace.js'
import { addWitnessVerify } from './witness-verify.js'

/** What happened, and the proof of it. */
export function addWitnessCommands(program: CliCommand): void {
  const group = program.command('witness').description('what happened, and the proof of it')
  addWitnessQuery(group)
  addWitnessTrace(group)
  addWitnessProve(group)
  addWitnessCheck(group)
  addWitnessVerify(group)
  addWitnessExport(group)
  addWitnessServe(group)
  addWitnessKey(group)
}
