import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { FabricClient } from '../client/client.js'
import { FabricError } from '../model/errors.js'
import type { Evidence } from '../model/task.js'
import { type Answer, answer } from './answer.js'
import { putFile } from './blob.js'
import type { CliCommand } from './command.js'
import { exitCode, id, repeated, wholeNumber } from './option-values.js'
import { unreadable } from './user-file.js'

interface DoneOptions {
  readonly epoch?: number
  readonly as?: string
  readonly commit?: string[]
  readonly file?: string[]
  readonly attach?: string[]
  readonly command?: string[]
  readonly exitCode?: number[]
  readonly note?: string[]
  readonly summary?: string
}

export function addDoneCommand(program: CliCommand): void {
  program
    .command('done')
    .description('complete a task with evidence; without an epoch only for an external placeholder')
    .argument('<task>', 'id of the task', id)
    .option('--epoch <number>', 'epoch that the claim printed', wholeNumber)
    .option('--as <swarm>', 'swarm that you speak for', id)
    .option('--commit <sha>', 'evidence: a commit; repeat for more', repeated)
    .option('--file <path>', 'evidence: a file, recorded with its SHA-256; repeat for more', repeated)
    .option('--attach <path>', 'evidence: a file, stored beside the log as a blob; repeat for more', repeated)
    .option('--command <command>', 'evidence: a command that was run, with --exit-code; repeat for more', repeated)
    .option('--exit-code <number>', 'what that command exited with', exitCode)
    .option('--note <text>', 'evidence in words; repeat for more', repeated)
    .option('--summary <text>', 'what was done')
    .example('ifab done P0.1.2 --epoch 42 --commit 1f3a9c2 --command "npm test" --exit-code 0')
    .asks(complete)
}

async function complete(fabric: FabricClient, task: string, options: DoneOptions): Promise<Answer> {
  const { epoch, as, summary } = options
  const evidence = await gatherEvidence(fabric, options)
  const reply = await fabric.task.complete({ task, epoch, as, evidence, summary })
  const lines = [`${reply.task.id} is completed.`]
  if (reply.unblocked.length > 0) lines.push(`Claimable now: ${reply.unblocked.join(', ')}`)
  return answer(reply, lines)
}

async function gatherEvidence(fabric: FabricClient, options: DoneOptions): Promise<Evidence[]> {
  const { commit = [], file = [], attach = [], command = [], exitCode: codes = [], note = [] } = options
  if (command.length !== codes.length) {
    const message = 'Each --command needs its --exit-code, in the same order.'
    throw new FabricError('INVALID_ARGUMENT', message, { commands: command.length, exitCodes: codes.length })
  }
  const files = await Promise.all(file.map(async (path) => ({ path, sha256: await digestFile(path) })))
  // One after the other: each of them may be as large as a request can be.
  for (const path of attach) files.push({ path, sha256: (await putFile(fabric, path)).sha256 })
  return [
    ...commit.map((sha) => ({ kind: 'commit', commit: sha }) as const),
    ...files.map((digested) => ({ kind: 'file', ...digested }) as const),
    ...command.map((line, index) => ({ kind: 'command', command: line, exitCode: codes[index] ?? 0 }) as const),
    ...note.map((text) => ({ kind: 'note', text }) as const),
  ]
}

async function digestFile(path: string): Promise<string> {
  const found = await stat(path).catch((error) => {
    throw unreadable(path, error)
  })
  // A device or a pipe has no lasting content to vouch for, and may never end.
  if (!found.isFile() && !found.isDirectory()) throw unreadable(path, new Error('it is not a regular file'))
  const hash = createHash('sha256')
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array)
  } catch (error) {
    throw unreadable(path, error)
  }
  return hash.digest('hex')
}
