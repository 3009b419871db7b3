import type { FabricClient } from '../client/client.js'
import { type Answer, answer } from './answer.js'
import type { CliCommand } from './command.js'
import { wholeNumber } from './option-values.js'
import { writeUserFile } from './user-file.js'

/** The signed head of the log, and proofs that entries are in it. */
export function addWitnessProve(group: CliCommand): void {
  group
    .command('checkpoint')
    .description('show a signed checkpoint that covers every entry there is now')
    .example('ifab witness checkpoint')
    .asks(showCheckpoint)
  group
    .command('prove')
    .description('prove that an entry is in the log, for people who trust neither you nor this program')
    .argument('<index>', 'index of the entry', wholeNumber)
    .option('--output <file>', 'write the proof there, by custom with the ending .tlog-proof')
    .option('--entry <file>', 'write the exact bytes of the entry there: whoever checks the proof needs them')
    .example('ifab witness prove 42 --output entry-42.tlog-proof --entry entry-42.json')
    .asks(prove)
}

async function showCheckpoint(fabric: FabricClient): Promise<Answer> {
  const checkpoint = await fabric.witness.checkpoint()
  const { note, vkey, cosigning } = checkpoint
  const quorum = cosigning?.quorum === true ? `a quorum cosigned ${cosigning.size} entries` : 'no quorum yet'
  const witnesses =
    cosigning?.witnesses.map(({ name, outcome, size, reason }) =>
      `  ${name}: ${outcome === 'cosigned' ? `cosigned ${size} entries` : outcome} ${reason ?? ''}`.trimEnd(),
    ) ?? []
  const cosigned = cosigning === undefined ? [] : ['', `Witnesses: ${quorum}`, ...witnesses]
  return answer(checkpoint, [...note.trimEnd().split('\n'), '', `Verifier key: ${vkey}`, ...cosigned])
}

interface ProveOptions {
  readonly output?: string
  readonly entry?: string
}

async function prove(fabric: FabricClient, index: number, { output, entry }: ProveOptions): Promise<Answer> {
  const result = await fabric.witness.prove({ index })
  if (entry !== undefined) await writeUserFile(entry, result.entry)
  if (output === undefined) return { ...answer(result, result.proof.trimEnd().split('\n')), verbatim: true }
  await writeUserFile(output, result.proof)
  return answer({ ...result, output }, `The proof of entry ${index} is in ${output}.`)
}
