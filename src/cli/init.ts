import type { CliCommand } from './command.js'
import type { InitOptions } from './init/run.js'

/** The first command in a project. */
export function addInitCommand(program: CliCommand): void {
  program
    .command('init')
    .description(
      'make a data directory, infrafabric.yaml, a sample board and a line in .gitignore; changes nothing else',
    )
    .option('--name <name>', 'name of the fabric (default: as `ifab up` names it)')
    .option('--board <file>', 'take over this board instead of writing a sample')
    .example('ifab init')
    .example('ifab init --board TASKS.md')
    .does(async (call, options: InitOptions) => {
      const { initialize } = await import('./init/run.js')
      return initialize(call, options)
    })
}
