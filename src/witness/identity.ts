import { randomBytes } from 'node:crypto'
import { FabricError } from '../model/errors.js'
import { type Checkpoint, formatCheckpoint, parseCheckpoint } from './note/checkpoint.js'
import { formatNote, parseNote, verifyNote } from './note/note.js'
import { NoteSigner } from './note/signer.js'
import type { NoteName, Notes } from './storage.js'
import { EMPTY_ROOT } from './tree/hash.js'

/** The key that signs, and the last head it signed. */
export interface Identity {
  readonly signer: NoteSigner
  /** The key before it, as long as no head is stored that both signed. */
  readonly predecessor?: NoteSigner | undefined
  readonly checkpoint: Checkpoint
  /** The checkpoint as a signed note. */
  readonly note: string
}

/** Where the keys of a fabric come from. */
export interface KeySource {
  /** The key that takes over from the one with the verifier key `previous`, or the first of all. */
  next(origin: string, previous: string | undefined): NoteSigner
  /** The key with this verifier key; absent where keys cannot be made again. `from` is one that was there before it. */
  find?(origin: string, vkey: string, from: string | undefined): NoteSigner | undefined
  /** With which secrets are replaced; without it each data directory has its own. */
  readonly redactionKey?: Buffer
}

/** Each key is made once and lies in one data directory. */
export const OWN_KEYS: KeySource = { next: (origin) => NoteSigner.generate(origin) }

/** Rotations behind a known key after which one is not looked for any more. */
export const MAX_ROTATIONS = 100

const REDACTION_KEY_BYTES = 32

/**
 * Loads the identity, or makes one. `announced` is the verifier key that the log names: it decides whether a rotation
 * that was interrupted has happened, and tells a lost identity from one that never was. Throws DATA_CORRUPT.
 */
export async function loadIdentity(
  notes: Notes,
  origin: string,
  announced: string | undefined,
  keys: KeySource,
): Promise<Identity> {
  await settleRotation(notes, origin, announced)
  if (announced !== undefined) await provide(notes, origin, announced, keys)
  const key = await notes.read('key')
  const note = await notes.read('checkpoint')
  if (key === undefined) return introduce(notes, keys.next(origin, undefined), note, announced)
  if (note === undefined) throw damaged('checkpoint', 'it is missing, although there is a key')
  const [signer, predecessor] = readKeys('key', key, origin)
  return { signer, predecessor, note, checkpoint: readCheckpoint(note, [signer, predecessor], origin) }
}

/** The key with which secrets are replaced by their HMAC; made at the first start where none is shared. */
export async function loadRedactionKey(notes: Notes, { redactionKey }: KeySource): Promise<Buffer> {
  if (redactionKey !== undefined) return redactionKey
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

/** Keys as a file has them: the one that signs, and behind it its predecessor until both have signed a head. */
export function keyFile(keys: readonly NoteSigner[]): string {
  return keys.map(({ skey }) => `${skey}\n`).join('')
}

/** The log is the truth: a rotation happened if, and only if, its entry is there. */
async function settleRotation(notes: Notes, origin: string, announced: string | undefined): Promise<void> {
  const stored = await notes.read('next-key')
  if (stored === undefined) return
  const [next] = readKeys('next-key', stored, origin)
  const key = await notes.read('key')
  if (announced === next.vkey && key !== undefined) {
    const [current] = readKeys('key', key, origin)
    if (current.vkey !== next.vkey) await notes.replace('key', keyFile([next, current]))
  }
  await notes.remove('next-key')
}

/** Stores the key that the log names where it can be made, and another node has brought it in. */
async function provide(notes: Notes, origin: string, announced: string, keys: KeySource): Promise<void> {
  if (keys.find === undefined) return
  const stored = await notes.read('key')
  const current = stored === undefined ? undefined : readKeys('key', stored, origin)[0]
  if (current?.vkey === announced) return
  const found = keys.find(origin, announced, current?.vkey)
  if (found === undefined) throw otherSecret(announced)
  if (current === undefined) await signEmptyHead(notes, found)
  await notes.replace('key', keyFile(current === undefined ? [found] : [found, current]))
}

function otherSecret(announced: string): FabricError {
  const message = `The log is signed by ${announced}, which the secret of this node does not give. Use the same --cluster-secret on all nodes; a log that one machine had before is taken over by a node with the data directory of that machine, which must start first.`
  return new FabricError('CONFLICT', message, { vkey: announced })
}

/** The empty head is signed and stored before the key, so that a key without a checkpoint means that one was lost. */
async function introduce(
  notes: Notes,
  signer: NoteSigner,
  stale: string | undefined,
  announced: string | undefined,
): Promise<Identity> {
  const empty = stale === undefined || sizeOf(stale) === 0
  const retired = (await notes.read('retired')) !== undefined
  if (!empty || (announced !== undefined && !retired)) {
    throw damaged('key', `it is missing, but ${announced ?? 'it'} has signed this log`)
  }
  const head = await signEmptyHead(notes, signer)
  await notes.replace('key', keyFile([signer]))
  await notes.remove('retired')
  return { signer, ...head }
}

async function signEmptyHead(notes: Notes, signer: NoteSigner): Promise<Pick<Identity, 'checkpoint' | 'note'>> {
  const checkpoint = { origin: signer.name, size: 0, root: EMPTY_ROOT }
  const text = formatCheckpoint(checkpoint)
  const note = formatNote(text, [signer.sign(text)])
  await notes.replace('checkpoint', note)
  return { checkpoint, note }
}

function sizeOf(stored: string): number {
  try {
    return parseCheckpoint(parseNote(stored).text).size
  } catch (error) {
    throw damaged('checkpoint', 'it is not a checkpoint', error)
  }
}

function readKeys(name: NoteName, content: string, origin: string): [NoteSigner, NoteSigner | undefined] {
  const [signer, predecessor, ...more] = content
    .trim()
    .split('\n')
    .map((skey) => readKey(name, skey, origin))
  if (signer === undefined || more.length > 0) throw damaged(name, 'it has not one or two keys')
  return [signer, predecessor]
}

function readKey(name: NoteName, skey: string, origin: string): NoteSigner {
  let signer: NoteSigner
  try {
    signer = NoteSigner.parse(skey)
  } catch (error) {
    throw damaged(name, 'it is not a signing key', error)
  }
  if (signer.name === origin) return signer
  throw damaged(name, `it belongs to ${signer.name}, but this fabric is ${origin}`)
}

function readCheckpoint(stored: string, signers: readonly (NoteSigner | undefined)[], origin: string): Checkpoint {
  let checkpoint: Checkpoint
  try {
    const note = parseNote(stored)
    verifyNote(
      note,
      signers.flatMap((signer) => (signer === undefined ? [] : [signer.verifier])),
    )
    checkpoint = parseCheckpoint(note.text)
  } catch (error) {
    throw damaged('checkpoint', 'the key of this fabric did not sign it as it is now', error)
  }
  if (checkpoint.origin === origin) return checkpoint
  throw damaged('checkpoint', `it belongs to ${checkpoint.origin}, but this fabric is ${origin}`)
}

function damaged(name: NoteName, why: string, cause?: unknown): FabricError {
  return new FabricError(
    'DATA_CORRUPT',
    `The file witness/${name} of the data directory cannot be used: ${why}. Restore it from a backup, or begin a new identity with \`ifab witness reset\`.`,
    { file: `witness/${name}` },
    { cause },
  )
}
