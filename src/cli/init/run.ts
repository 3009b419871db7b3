import { realpath, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import type { FabricClient } from '../../client/client.js'
import { repositoryOf } from '../../client/find-data.js'
import { FabricError } from '../../model/errors.js'
import { type Answer, answer } from '../answer.js'
import { importDocument, readValidBoard } from '../board.js'
import type { Call } from '../command.js'
import { createDataDirectory } from '../data-directory.js'
import { readEdited, writeEdited } from '../setup/edited-file.js'
import { findLauncher, typed } from '../setup/launcher.js'
import { unwritable } from '../user-file.js'
import { withIgnored } from './ignore-entry.js'
import { SAMPLE_BOARD } from './sample-board.js'
import { SAMPLE_CONFIG } from './sample-config.js'

export interface InitOptions {
  readonly name?: string
  readonly board?: string
}

interface Row {
  readonly path: string
  readonly state: 'created' | 'changed' | 'kept'
  readonly what: string
}

const CONFIG = 'infrafabric.yaml'
const BOARD = 'BOARD.md'

/** Makes what a fabric needs where it will be, and nothing that is there already. Nothing is made for a board with errors. */
export async function initialize(call: Call, { name, board }: InitOptions): Promise<Answer> {
  const document = board === undefined ? undefined : await readValidBoard([board])
  const rows = [await makeData(call.data)]
  const data = await realpath(call.data)
  const folder = dirname(data)
  rows.push(await makeFile(folder, CONFIG, SAMPLE_CONFIG, 'who gets work, and what it may cost'))
  if (board === undefined)
    rows.push(await makeFile(folder, BOARD, SAMPLE_BOARD, 'a sample board, to write your own over'))
  rows.push(...(await ignore(data)))
  const imported = await inFabric(
    call,
    name,
    document === undefined ? undefined : (fabric) => importDocument(fabric, document),
  )
  const next = await nextCommands(call, board === undefined ? relative('', join(folder, BOARD)) : undefined)
  const made = rows.some(({ state }) => state !== 'kept')
  return answer({ data, folder, files: rows, ...(imported !== undefined && { board: imported.value }), next }, [
    made ? `InfraFabric is ready in ${folder}.` : `InfraFabric was ready in ${folder} already.`,
    ...rows.map(({ path, state, what }) => `  ${state.padEnd('created'.length)}  ${path}  ${what}`),
    ...(imported?.lines.filter((line) => !line.startsWith('Next:')) ?? []),
    ...next.map((line, index) => `${index === 0 ? 'Next:' : 'Then:'} ${line}`),
  ])
}

async function makeData(data: string): Promise<Row> {
  const before = await stat(data).catch(() => undefined)
  await createDataDirectory(data)
  const state = before === undefined ? 'created' : 'kept'
  return { path: basename(resolve(data)), state, what: 'the log, its keys and tokens: not for version control' }
}

/** One that is there is the user's, whatever it says; also where it appears at this moment. */
async function makeFile(folder: string, path: string, content: string, what: string): Promise<Row> {
  try {
    await writeFile(join(folder, path), content, { flag: 'wx' })
    return { path, state: 'created', what }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return { path, state: 'kept', what }
    throw unwritable(join(folder, path), error)
  }
}

/** Keeps the directory out of the repository that it lies in, if it lies in one. */
async function ignore(data: string): Promise<Row[]> {
  const worktree = (await repositoryOf(dirname(data)))?.worktree
  if (worktree === undefined) return []
  const file = await readEdited(worktree, '.gitignore')
  const path = relative(worktree, data).split(sep).join('/')
  const after = withIgnored(file.text, path)
  const what = `keeps ${path}/ out of version control`
  if (after === file.text) return [{ path: file.path, state: 'kept', what }]
  await writeEdited(worktree, file, after)
  return [{ path: file.path, state: file.text === undefined ? 'created' : 'changed', what }]
}

type Work = (fabric: FabricClient) => Promise<Answer>

/** Does `work` in the fabric of the data directory and sees to its name; where none runs, in one that runs just for that. */
async function inFabric(call: Call, name: string | undefined, work: Work | undefined): Promise<Answer | undefined> {
  if (name === undefined && work === undefined) return undefined
  const { inspectOwner } = await import('../../journal/file/lock.js')
  if (call.url !== undefined || (await inspectOwner(call.data))?.state === 'alive') {
    const fabric = await call.connect()
    if (name !== undefined) refuseOtherName(call.data, name, (await fabric.fabric.status()).name)
    return work?.(fabric)
  }
  const [{ hostFabric }, { readConfigFile }] = await Promise.all([import('../host.js'), import('../config-file.js')])
  const config = await readConfigFile(call.data, undefined, call.terminal.env)
  const hosted = await hostFabric({
    data: call.data,
    listen: '127.0.0.1:0',
    env: call.terminal.env,
    onFault: call.terminal.err,
    ...(config !== undefined && { config }),
    ...(name !== undefined && { name }),
  })
  try {
    return await work?.(await call.connect())
  } finally {
    await hosted.close()
  }
}

function refuseOtherName(data: string, name: string, found: string): void {
  if (found === name) return
  const message = `The fabric in ${data} is named ${found} and keeps its name. Leave --name out, or use another --data.`
  throw new FabricError('CONFLICT', message, { data, name: found })
}

/** As the user has to type them, however this program was started. */
async function nextCommands({ terminal }: Call, sample: string | undefined): Promise<string[]> {
  const program = typed(await findLauncher(terminal.env.PATH))
  return [
    `${program} setup claude (or codex, or cursor) connects your agents`,
    sample === undefined
      ? `${program} up --detach starts the fabric; agents that are set up start it themselves`
      : `${program} up --detach && ${program} board import ${sample} puts its tasks on the board`,
  ]
}
