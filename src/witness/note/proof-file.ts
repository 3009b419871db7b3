import { LIMITS } from '../../model/limits.js'
import { decodeBase64 } from './base64.js'
import { parseCheckpoint } from './checkpoint.js'
import { parseDecimal } from './decimal.js'
import { formatHashLines, parseHashLines, splitProofText } from './hash-lines.js'
import { parseNote } from './note.js'
import { malformed, readText, type TextSource } from './text.js'

/** An inclusion proof that can be checked offline (C2SP tlog-proof); its file ends with `.tlog-proof`. */
export interface ProofFile {
  /** Index of the entry. */
  readonly index: number
  /** 32 bytes each, from the sibling of the leaf upwards. */
  readonly hashes: readonly Uint8Array[]
  /** The signed note, with any cosignatures. */
  readonly checkpoint: string
  /** Opaque and covered by no signature. */
  readonly extra?: Uint8Array
}

export interface ParsedProofFile extends ProofFile {
  readonly hashes: readonly Buffer[]
  readonly extra?: Buffer
}

const FORMAT = 'tlog-proof'
const FIRST_LINE = 'c2sp.org/tlog-proof@v1'
const EXTRA = 'extra '
const INDEX = 'index '

export function formatProof({ index, hashes, checkpoint, extra }: ProofFile): string {
  const has = extra !== undefined && extra.length > 0
  const extraLine = has ? `${EXTRA}${Buffer.from(extra).toString('base64')}\n` : ''
  return `${FIRST_LINE}\n${extraLine}${INDEX}${index}\n${formatHashLines(hashes)}\n${checkpoint}`
}

/** Reads a proof file; nothing is verified yet. Throws INVALID_ARGUMENT with `details.reason`. */
export function parseProof(source: TextSource): ParsedProofFile {
  const content = readText(source, FORMAT, LIMITS.proofFileBytes)
  const { lines, checkpoint } = splitProofText(content, FORMAT)
  if (lines[0] !== FIRST_LINE) throw malformed(FORMAT, `its first line is not ${FIRST_LINE}`)
  const extra = lines[1]?.startsWith(EXTRA) ? parseExtra(lines[1].slice(EXTRA.length)) : undefined
  const [indexLine = '', ...hashLines] = lines.slice(extra === undefined ? 1 : 2)
  const index = indexLine.startsWith(INDEX) ? parseDecimal(indexLine.slice(INDEX.length)) : undefined
  if (index === undefined) throw malformed(FORMAT, 'it has no line "index N" where that belongs')
  const hashes = parseHashLines(hashLines, FORMAT)
  if (index >= parseCheckpoint(parseNote(checkpoint).text).size) {
    throw malformed(FORMAT, 'its index is beyond the size of its checkpoint')
  }
  return { index, hashes, checkpoint, ...(extra !== undefined && { extra }) }
}

function parseExtra(encoded: string): Buffer {
  const extra = decodeBase64(encoded)
  // Without extra data the line is left out.
  if (extra === undefined || extra.length === 0) throw malformed(FORMAT, 'its extra line is not base64 of some data')
  return extra
}
