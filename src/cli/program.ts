import type { Command } from 'commander'
import { addApprovalCommands } from './approval.js'
import { addBackupCommand } from './backup.js'
import { addBlobCommands } from './blob.js'
import { addBlockerCommands } from './blocker.js'
import { addBoardCommands } from './board.js'
import { addBridgeCommands } from './bridge.js'
import { addChassisCommands } from './chassis.js'
import { addClaimCommands } from './claim.js'
import { CliCommand, type Run } from './command.js'
import { addCompletionCommands } from './completion.js'
import { addCostCommands } from './cost.js'
import { addDoctorCommand } from './doctor.js'
import { addEscalationCommands } from './escalation.js'
import { addGovernorCommands } from './governor.js'
import { addInboxCommand } from './inbox.js'
import { addInitCommand } from './init.js'
import { addLogCommand } from './log.js'
import { addMcpCommand } from './mcp.js'
import { addMigrateCommand } from './migrate.js'
import { addPolicyCommands } from './policy.js'
import { addPrimeCommand } from './prime.js'
import { addRestoreCommand } from './restore.js'
import { addServeCommands } from './serve.js'
import { addSetupCommand } from './setup.js'
import { addStatusCommand } from './status.js'
import { addSwarmCommands } from './swarm.js'
import { addTaskCommands } from './task.js'
import { addTokenCommands } from './token.js'
import { addUsageCommand } from './usage.js'
import { packageVersion } from './version.js'
import { addWitnessCommands } from './witness.js'

/** The whole command line of `ifab`. `run` does the work of whichever command is asked for; help goes to `write`. */
export function createProgram(run: Run, write: (text: string) => void): CliCommand {
  const program = new CliCommand(run, 'ifab')
    .description('InfraFabric: who does which task. One board, many agents, nothing done twice.')
    .version(packageVersion(), '-V, --version', 'show the version')
    .option('--json', 'print one JSON document instead of text')
    .option('--data <dir>', 'data directory (default: $IFAB_DATA or .infrafabric)')
    .option(
      '--url <url>',
      'address of a fabric, or of its nodes with commas between (default: $IFAB_URL, else as the data directory says)',
    )
    .helpCommand('help [command]', 'show the help of a command')
    .configureHelp({ showGlobalOptions: true, subcommandTerm: termOf })
    .configureOutput({ writeOut: write })
    .exitOverride()
  program.commandsGroup('Getting started:')
  addInitCommand(program)
  addSetupCommand(program)
  addCompletionCommands(program)
  program.commandsGroup('The fabric:')
  addServeCommands(program)
  addStatusCommand(program)
  addDoctorCommand(program)
  addLogCommand(program)
  addBlobCommands(program)
  addWitnessCommands(program)
  addBackupCommand(program)
  addRestoreCommand(program)
  addMigrateCommand(program)
  program.commandsGroup('Boards, tasks and swarms:')
  addBoardCommands(program)
  addBridgeCommands(program)
  addTaskCommands(program)
  addSwarmCommands(program)
  addTokenCommands(program)
  program.commandsGroup('Working on tasks:')
  addPrimeCommand(program)
  addClaimCommands(program)
  addUsageCommand(program)
  addBlockerCommands(program)
  addInboxCommand(program)
  addMcpCommand(program)
  program.commandsGroup('Budgets, policy and people:')
  addGovernorCommands(program)
  addPolicyCommands(program)
  addCostCommands(program)
  addEscalationCommands(program)
  addApprovalCommands(program)
  program.commandsGroup('The sandbox:')
  addChassisCommands(program)
  return program
}

/** That commands take options goes without saying. */
function termOf(command: Command): string {
  const names = command.registeredArguments.map((argument) => {
    const name = argument.name()
    return argument.required ? `<${name}>` : `[${name}]`
  })
  return [command.name(), ...names].join(' ')
}
