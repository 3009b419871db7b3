import type { CliCommand } from './command.js'
import type { Shell } from './completion/shells.js'
import { choice } from './option-values.js'

const SHELLS = ['bash', 'zsh', 'fish'] as const satisfies readonly Shell[]

/** Completing commands, options and ids in a shell. */
export function addCompletionCommands(program: CliCommand): void {
  program
    .command('completion')
    .description(
      'print what makes a shell complete commands, options and ids of the running fabric; its first line says how',
    )
    .argument('<shell>', SHELLS.join(', '), choice(SHELLS))
    .example('ifab completion bash')
    .does(async (_call, shell: Shell) => {
      const { SCRIPTS } = await import('./completion/shells.js')
      const script = SCRIPTS[shell]
      return { value: { shell, script }, lines: script.trimEnd().split('\n'), verbatim: true }
    })
  // What that asks at each press of the key.
  program
    .command('complete', { hidden: true })
    .description('suggest what may stand at the cursor, for a script that `ifab completion` printed')
    .argument('<shell>', SHELLS.join(', '), choice(SHELLS))
    .argument('<line>', 'the words up to the cursor, one to a line, with the name of the program first')
    .example('ifab complete bash ifab')
    .does(async ({ terminal }, shell: Shell, line: string) => {
      const { completionLines } = await import('./completion/complete.js')
      const lines = await completionLines(program, terminal, shell, line)
      return { value: { lines }, lines, verbatim: true }
    })
}
