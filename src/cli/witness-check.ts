import { readFile } from 'node:fs/promises'
import { FabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import { type Answer, answer } from './answer.js'
import type { Call, CliCommand } from './command.js'
import { repeated } from './option-values.js'
import { unreadable } from './user-file.js'

/** Checks a proof that somebody handed over; needs no fabric and no network. */
export function addWitnessCheck(group: CliCommand): void {
  group
    .command('check')
    .description('check a .tlog-proof: that an entry is in a log whose head the given key signed')
    .argument('<proof>', 'file with the proof')
    .requiredOption('--entry <file>', 'file with the exact bytes of the entry')
    .requiredOption('--key <vkey>', 'verifier key of the log that you trust; repeat it for several', repeated)
    .example('ifab witness check entry-42.tlog-proof --entry entry-42.json --key "$VKEY"')
    .does(check)
}

interface CheckOptions {
  readonly entry: string
  readonly key: readonly string[]
}

/** Throws PROOF_INVALID with what does not hold; INVALID_ARGUMENT for files and keys that are none. */
async function check(_call: Call, path: string, { entry: entryPath, key }: CheckOptions): Promise<Answer> {
  const [{ openCheckpoint }, { parseProof }, { parseVkey }, { leafHash }, { checkInclusion }] = await Promise.all([
    import('../witness/note/checkpoint.js'),
    import('../witness/note/proof-file.js'),
    import('../witness/note/verifier.js'),
    import('../witness/tree/hash.js'),
    import('../witness/tree/proof.js'),
  ])
  const keys = key.map(parseVkey)
  const { index, hashes, checkpoint: note } = parseProof(await readBounded(path, LIMITS.proofFileBytes))
  const entry = await readBounded(entryPath, LIMITS.entryBytes)
  const { origin, size, root } = openCheckpoint(note, keys).checkpoint
  const fault = checkInclusion({ index, size, leaf: leafHash(entry), root }, hashes)
  if (fault !== undefined) {
    const message = `The proof does not hold: ${entryPath} is not entry ${index} of ${origin} at ${size} entries (${fault}).`
    throw new FabricError('PROOF_INVALID', message, { index, size, fault })
  }
  return answer({ origin, index, size, root: root.toString('base64') }, [
    `${entryPath} is entry ${index} of ${origin}, in the log of ${size} entries that this key signed.`,
  ])
}

async function readBounded(path: string, maxBytes: number): Promise<Buffer> {
  const content = await readFile(path).catch((error) => {
    throw unreadable(path, error)
  })
  if (content.length <= maxBytes) return content
  const message = `${path} has ${content.length} bytes; at most ${maxBytes} are possible. Check the path.`
  throw new FabricError('INVALID_ARGUMENT', message, { path, maxBytes })
}
