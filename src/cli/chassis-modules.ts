import { dirname, join } from 'node:path'
import type { FabricClient } from '../client/client.js'
import { FabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import type { OutputOf } from '../operations/table.js'
import { answer } from './answer.js'
import { alignColumns } from './columns.js'
import type { CliCommand } from './command.js'
import { id } from './option-values.js'
import { addPageOptions, type PageOptions, pageLines } from './page.js'
import { counted, formatTime } from './text.js'
import { readStart, readUserText } from './user-file.js'

type ModulePage = OutputOf<'module', 'list'>

/** Modules that work for swarms of a fabric. */
export function addModuleCommands(chassis: CliCommand): void {
  chassis
    .command('load')
    .description('load the module of a contract into the fabric: from now on it does the tasks that name its swarm')
    .argument('<contract>', 'contract.yaml; the module lies where it says')
    .example('ifab chassis load contract.yaml')
    .asks(async (fabric, path: string) => {
      const loaded = await fabric.module.load(await readModule(path))
      const { swarm, version, signedBy, tasks } = loaded
      const signature = signedBy === undefined ? 'not signed by a trusted key' : `signed by ${signedBy}`
      const waiting = tasks === 0 ? `Name it in a task: ifab task create ID --title TEXT --module ${swarm}` : ''
      return answer(loaded, [`Version ${version} works for ${swarm}, ${signature}.`, ...(waiting ? [waiting] : [])])
    })
  const list = chassis.command('list').description('list the modules that are loaded').example('ifab chassis list')
  addPageOptions(list).asks(async (fabric: FabricClient, page: PageOptions) => {
    const modules = await fabric.module.list(page)
    return answer(modules, pageLines(modules, moduleLines, 'No modules. Load one: ifab chassis load contract.yaml'))
  })
  chassis
    .command('unload')
    .description('take the module of a swarm out of service; what it is doing now goes on to its end')
    .argument('<swarm>', 'swarm that it works for', id)
    .option('--reason <text>', 'why')
    .example('ifab chassis unload tokenizer --reason "an agent does it now"')
    .asks(async (fabric, swarm: string, { reason }: { reason?: string }) => {
      const unloaded = await fabric.module.unload({ swarm, reason })
      const left = unloaded.tasks === 0 ? '' : ` ${counted(unloaded.tasks, 'task')} that name it wait for another.`
      return answer(unloaded, `No module works for ${swarm} any more.${left}`)
    })
}

/** The text of a contract, and the module that lies where it says. */
async function readModule(path: string): Promise<{ readonly contract: string; readonly module: string }> {
  const contract = await readUserText(path, LIMITS.contractBytes)
  const { readContract } = await import('../chassis/contract/read-contract.js')
  const file = join(dirname(path), readContract(path, contract).contract.module.path)
  const bytes = await readStart(file, LIMITS.blobBytes)
  if (bytes.length <= LIMITS.blobBytes) return { contract, module: bytes.toString('base64') }
  const message = `${file} is too large: a module that is loaded has at most ${LIMITS.blobBytes} bytes. Build it for size.`
  throw new FabricError('INVALID_ARGUMENT', message, { path: file, maxBytes: LIMITS.blobBytes })
}

function moduleLines(modules: ModulePage['items']): string[] {
  const rows = modules.map(({ swarm, version, profile, sha256, signedBy, tasks, loadedAt }) => {
    return [swarm, version, profile, sha256.slice(0, 12), signedBy ?? '-', String(tasks), formatTime(loadedAt)]
  })
  return alignColumns(['SWARM', 'VERSION', 'PROFILE', 'SHA-256', 'SIGNED BY', 'TASKS', 'LOADED'], rows)
}
