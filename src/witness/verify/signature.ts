import { FabricError } from '../../model/errors.js'
import { formatKeyId } from '../note/key.js'
import { type Note, type NoteSignature, type VerifiedSignature, verifyNote } from '../note/note.js'
import { parseVkey, type Verifier } from '../note/verifier.js'
import type { CheckpointFile } from './checkpoint-file.js'
import type { Rotations } from './rotations.js'
import { failed, ok, unchecked, type Verdict } from './verdict.js'

/** The keys of logs that whoever verifies trusts, and why. */
export interface Trust {
  readonly keys: readonly Verifier[]
  /** `own`: the key that lies in the data directory of the fabric itself. */
  readonly from: 'given' | 'own'
}

export type SignatureCode =
  | 'signed'
  | 'signed_by_own_key'
  | 'signed_by_successor'
  | 'no_trusted_key'
  | 'unsigned'
  | 'unknown_key'
  | 'bad_signature'
  | 'other_origin'
  | 'checkpoint_damaged'

export interface SignatureQuestion {
  readonly file: CheckpointFile
  readonly trust: Trust | undefined
  /** Keys of cosigners: theirs must hold too where they are on the note. */
  readonly witnesses: readonly Verifier[]
  readonly rotations: Rotations | undefined
  /** The verifier key that was found beside the log. */
  readonly found: string | undefined
}

export interface SignatureAnswer {
  readonly verdict: Verdict<SignatureCode>
  /** The trusted key, or its successor, that signed. */
  readonly signer?: Verifier
  /** Signatures of known keys, logs' and cosigners', when all of them hold. */
  readonly verified: readonly VerifiedSignature[]
}

/** Whether a key that is trusted signed the checkpoint. */
export function judgeSignature(question: SignatureQuestion): SignatureAnswer {
  const { file, trust, witnesses, rotations, found } = question
  const { note, checkpoint, problem } = file
  if (note === undefined || checkpoint === undefined) return { verdict: unreadable(file, problem), verified: [] }
  const { origin } = checkpoint
  const own = trust?.keys.filter(({ name }) => name === origin) ?? []
  const successors = own.flatMap(({ vkey }) => rotations?.after(vkey) ?? []).map(parseVkey)
  const beside = trust === undefined ? keyBeside(found, origin) : []
  const opened = openNote(note, [...own, ...successors, ...beside, ...witnesses])
  if ('bad' in opened) {
    const message = `The signature of ${opened.bad} does not fit the checkpoint: one of both was changed.`
    return { verdict: failed('bad_signature', message, { key: opened.bad }), verified: [] }
  }
  const { verified } = opened
  const signer = (keys: readonly Verifier[]) => keys.find((key) => verified.some(({ verifier }) => verifier === key))
  const details = { origin, signatures: note.signatures.map(keyOf) }
  if (trust === undefined) return { verdict: untrusted(details, signer(beside)), verified }
  if (own.length === 0) return { verdict: otherOrigin(origin, trust, details), verified }
  const direct = signer(own)
  if (direct !== undefined) return { verdict: signed(direct, trust, details), signer: direct, verified }
  const successor = signer(successors)
  if (successor !== undefined) {
    const message = `Signed by ${keyOf(successor)}, to which the trusted key handed over in the log.`
    const verdict = ok('signed_by_successor', message, { ...details, vkey: successor.vkey, trusted: own[0]?.vkey })
    return { verdict, signer: successor, verified }
  }
  const message = `No trusted key signed the checkpoint: it is signed by ${details.signatures.join(', ')}, you trust ${own.map(keyOf).join(', ')}.`
  return { verdict: failed('unknown_key', message, details), verified }
}

/** As both vkeys and signature lines have it: `name+hex8`. */
export function keyOf({ name, keyId }: Pick<NoteSignature, 'name' | 'keyId'>): string {
  return `${name}+${formatKeyId(keyId)}`
}

function unreadable({ signed, checkpoint }: CheckpointFile, problem = 'it cannot be read'): Verdict<SignatureCode> {
  if (!signed && checkpoint !== undefined) return failed('unsigned', 'Nobody signed the checkpoint.', {})
  return failed('checkpoint_damaged', `The checkpoint is not a signed checkpoint: ${problem}.`, { reason: problem })
}

function signed(key: Verifier, { from }: Trust, details: Verdict['details']): Verdict<SignatureCode> {
  const facts = { ...details, vkey: key.vkey }
  if (from === 'given') return ok('signed', `Signed by ${keyOf(key)}, the trusted key.`, facts)
  const message = `Signed by ${keyOf(key)}, this fabric's own key as its data directory has it.`
  return ok('signed_by_own_key', message, facts)
}

function untrusted(details: Verdict['details'], beside: Verifier | undefined): Verdict<SignatureCode> {
  const how = 'Get its verifier key from somebody you trust and give it with --key.'
  if (beside === undefined)
    return unchecked('no_trusted_key', `No key was given to check the signature with. ${how}`, details)
  const message = `Signed by ${keyOf(beside)}, but that key was found beside the log only, where a forger would put his own. ${how}`
  return unchecked('no_trusted_key', message, { ...details, found: beside.vkey })
}

function otherOrigin(origin: string, { keys }: Trust, details: Verdict['details']): Verdict<SignatureCode> {
  const names = keys.map(({ name }) => name)
  const message = `The checkpoint is of the log ${origin}, but the trusted key is of ${names.join(', ')}.`
  return failed('other_origin', message, { ...details, trusted: names })
}

function keyBeside(vkey: string | undefined, origin: string): Verifier[] {
  try {
    return vkey === undefined ? [] : [parseVkey(vkey)].filter(({ name }) => name === origin)
  } catch {
    // What lies beside the log may be anything; it is not trusted anyway.
    return []
  }
}

type Opened = { readonly verified: readonly VerifiedSignature[] } | { readonly bad: string }

function openNote(note: Note, verifiers: readonly Verifier[]): Opened {
  try {
    return { verified: verifyNote(note, verifiers).signatures }
  } catch (error) {
    if (!(error instanceof FabricError)) throw error
    if (error.details.reason === 'unsigned') return { verified: [] }
    if (error.details.reason === 'bad_signature') return { bad: String(error.details.key) }
    throw error
  }
}
