import { randomBytes } from 'node:crypto'
import { FabricError } from '../model/errors.js'
import { type Checkpoint, formatCheckpoint, parseCheckpoint } from './note/checkpoint.js'
import { formatNote, parseNote, verifyNote } from './note/note.js'
import { NoteSigner } from './note/signer.js'
import { parseVkey } from './note/verifier.js'
import type { Notes } from './storage.js'
import { EMPTY_ROOT } from './tree/hash.js'

/** The key that signs, and the last head it signed. */
export interface Identity {
  readonly signer: NoteSigner
  readonly checkpoint: Checkpoint
  /** The checkpoint as a signed note. */
  readonly note: string
}

const REDACTION_KEY_BYTES = 32

/**
 * Loads the identity, or makes one. `announced` is the verifier key that the log names: it decides whether a rotation
 * that was interrupted has happened. Throws DATA_CORRUPT when the key or the checkpoint is damaged or missing.
 */
export async function loadIdentity(notes: Notes, origin: string, announced: string | undefined): Promise<Identity> {
  await settleRotation(notes, announced)
  const key = await notes.read('key')
  const note = await notes.read('checkpoint')
  if (key === undefined) return introduce(notes, origin, note)
  if (note === undefined) throw damaged('checkpoint', 'it is missing, although there is a key')
  const signer = readKey(key, origin)
  return { signer, note, checkpoint: readCheckpoint(note, signer, origin) }
}

/** The key with which secrets are replaced by their HMAC; made at the first start. */
export async function loadRedactionKey(notes: Notes): Promise<Buffer> {
  const known = await notes.read('redaction-key')
  if (known !== undefined) {
    const key = Buffer.from(known.trim(), 'hex')
    if (key.length === REDACTION_KEY_BYTES) return key
    throw damaged('redaction-key', `it is not ${REDACTION_KEY_BYTES} bytes in hexadecimal`)
  }
  const key = randomBytes(REDACTION_KEY_BYTES)
  await notes.replace('redaction-key', `${key.toString('hex')}\n`)
  return key
}

/** What the previous key signs when a new one takes over. */
export function rotationStatement(origin: string, previous: string, next: string): string {
  return `infrafabric.witness.key_rotated.v1\n${origin}\n${previous}\n${next}\n`
}

/** The log is the truth: a rotation happened if, and only if, its entry is there. */
async function settleRotation(notes: Notes, announced: string | undefined): Promise<void> {
  const next = await notes.read('next-key')
  if (next === undefined) return
  if (announced !== undefined && NoteSigner.parse(next.trim()).vkey === announced) await notes.replace('key', next)
  await notes.remove('next-key')
}

/** The empty head is signed and stored before the key, so that a key without a checkpoint means that one was lost. */
async function introduce(notes: Notes, origin: string, stale: string | undefined): Promise<Identity> {
  if (stale !== undefined && parseCheckpoint(parseNote(stale).text).size > 0) {
    throw damaged('key', 'it is missing, although it has signed a checkpoint')
  }
  const signer = NoteSigner.generate(origin)
  const checkpoint = { origin, size: 0, root: EMPTY_ROOT }
  const text = formatCheckpoint(checkpoint)
  const note = formatNote(text, [signer.sign(text)])
  await notes.replace('checkpoint', note)
  await notes.replace('key', `${signer.skey}\n`)
  return { signer, checkpoint, note }
}

function readKey(key: string, origin: string): NoteSigner {
  let signer: NoteSigner
  try {
    signer = NoteSigner.parse(key.trim())
  } catch (error) {
    throw damaged('key', 'it is not a signing key', error)
  }
  if (signer.name === origin) return signer
  throw damaged('key', `it belongs to ${signer.name}, but this fabric is ${origin}`)
}

function readCheckpoint(stored: string, { vkey }: NoteSigner, origin: string): Checkpoint {
  let checkpoint: Checkpoint
  try {
    const note = parseNote(stored)
    verifyNote(note, [parseVkey(vkey)])
    checkpoint = parseCheckpoint(note.text)
  } catch (error) {
    throw damaged('checkpoint', 'the key of this fabric did not sign it as it is now', error)
  }
  if (checkpoint.origin === origin) return checkpoint
  throw damaged('checkpoint', `it belongs to ${checkpoint.origin}, but this fabric is ${origin}`)
}

function damaged(name: string, why: string, cause?: unknown): FabricError {
  return new FabricError(
    'DATA_CORRUPT',
    `The file witness/${name} of the data directory cannot be used: ${why}. Restore it from a backup, or begin a new identity with \`ifab witness reset\`.`,
    { file: `witness/${name}` },
    { cause },
  )
}
