import { ERRORS } from '../model/errors.js'
import type { Answer } from './answer.js'
import { alignColumns } from './columns.js'
import type { CliCommand } from './command.js'
import type { Finding } from './finding.js'

export function addDoctorCommand(program: CliCommand): void {
  program
    .command('doctor')
    .description('check this machine, the data directory and the running fabric, and say how to mend what is wrong')
    .example('ifab doctor')
    .does(async (call) => {
      const { examine } = await import('./examine.js')
      return findingsAnswer(await examine(call))
    })
}

/** The exit code is that of the first thing that is wrong; a warning is not wrong. */
function findingsAnswer(findings: readonly Finding[]): Answer {
  const wrong = findings.find(({ code }) => code !== undefined)
  const rows = findings.map(({ check, state, message }) => [state, check, message])
  const verdict = wrong === undefined ? 'Nothing is wrong.' : 'Mend what failed, then run `ifab doctor` again.'
  return {
    value: { healthy: wrong === undefined, findings },
    lines: [...alignColumns(['RESULT', 'CHECK', 'FOUND'], rows), '', ...findings.flatMap(adviceLines), verdict],
    ...(wrong?.code !== undefined && { exit: ERRORS[wrong.code].exit }),
  }
}

/** The table cuts long cells: what is not well is said in full. */
function adviceLines({ check, message, why, fix }: Finding): string[] {
  return fix === undefined ? [] : [`${check}: ${message}`, `  why: ${why}`, `  fix: ${fix}`, '']
}
