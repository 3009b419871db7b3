import { realpath } from 'node:fs/promises'
import { repositoryOf } from '../client/find-data.js'
import type { Call } from './command.js'
import { toFabricError } from './failure.js'
import { type Finding, failed, ok, warning } from './finding.js'
import { CLIENT_NAMES, CLIENTS, type ClientName } from './setup/clients.js'
import { readEntry } from './setup/plan.js'
import { setUp } from './setup/run.js'

/** Whether each client that is set up in the working directory starts this program as it is now. */
export async function checkClients(call: Call): Promise<Finding[]> {
  const cwd = await realpath('.')
  const root = (await repositoryOf(cwd))?.worktree ?? cwd
  const findings = await Promise.all(CLIENT_NAMES.map((name) => checkClient(call, root, name)))
  const found = findings.filter((finding) => finding !== undefined)
  return found.length > 0 ? found : [ok('clients', `none is set up in ${root}; \`ifab setup\` does it`)]
}

/** Undefined for a client that is not set up. */
async function checkClient(call: Call, root: string, name: ClientName): Promise<Finding | undefined> {
  const { title, config } = CLIENTS[name]
  try {
    if ((await readEntry(root, name)) === undefined) return undefined
    const { exit = 0 } = await setUp(call, name, { check: true })
    if (exit === 0) return ok('clients', `${title} is set up in ${root}`)
    const fix = `\`ifab setup ${name}\` mends it; \`ifab setup ${name} --check\` says what differs.`
    return warning('clients', `${title} is set up otherwise than this version does it`, fix)
  } catch (error) {
    const { code, message } = toFabricError(error)
    return failed('clients', code, message, `Mend ${config}, then run \`ifab setup ${name}\`.`)
  }
}
