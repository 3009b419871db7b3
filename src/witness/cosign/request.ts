import { LIMITS } from '../../model/limits.js'
import { parseDecimal } from '../note/decimal.js'
import { formatHashLines, parseHashLines, splitProofText } from '../note/hash-lines.js'
import { malformed, readText, type TextSource } from '../note/text.js'

/** Body of `POST add-checkpoint` (C2SP tlog-witness). */
export interface AddCheckpoint {
  /** Size of the last checkpoint that the witness cosigned, 0 for none. */
  readonly oldSize: number
  /** Consistency proof from there to the checkpoint. */
  readonly proof: readonly Uint8Array[]
  /** The signed note. */
  readonly checkpoint: string
}

const FORMAT = 'add-checkpoint request'
const OLD = 'old '

export function formatAddCheckpoint({ oldSize, proof, checkpoint }: AddCheckpoint): string {
  return `${OLD}${oldSize}\n${formatHashLines(proof)}\n${checkpoint}`
}

/** Splits a body; its checkpoint is not looked at yet. Throws INVALID_ARGUMENT with `details.reason`. */
export function parseAddCheckpoint(body: TextSource): AddCheckpoint {
  const content = readText(body, FORMAT, LIMITS.cosignRequestBytes)
  const { lines, checkpoint } = splitProofText(content, FORMAT)
  const [oldLine = '', ...hashLines] = lines
  const oldSize = oldLine.startsWith(OLD) ? parseDecimal(oldLine.slice(OLD.length)) : undefined
  if (oldSize === undefined) throw malformed(FORMAT, 'its first line is not "old N" with a plain decimal number')
  return { oldSize, proof: parseHashLines(hashLines, FORMAT), checkpoint }
}
