import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { FabricError } from '../../model/errors.js'
import { cosignedText, TIMESTAMP_BYTES } from './cosigned-text.js'
import { formatKey, isKeyName, KEY_BYTES, type KeyType, privateKeyObject, publicBytes } from './key.js'
import { formatSignature, requireNoteText } from './note.js'
import { parseKey } from './parse-key.js'
import { type Verifier, verifierOf } from './verifier.js'

const PREFIX = 'PRIVATE+KEY+'

/** A key pair with its name. Its secret is in private fields only, so that printing or serialising shows nothing. */
abstract class Signer {
  readonly name: string
  readonly verifier: Verifier
  readonly #seed: Buffer
  readonly #key: KeyObject

  protected constructor(name: string, type: KeyType, seed: Buffer) {
    this.name = name
    this.#seed = seed
    this.#key = privateKeyObject(seed)
    this.verifier = verifierOf(name, type, publicBytes(this.#key))
  }

  get vkey(): string {
    return this.verifier.vkey
  }

  get keyId(): number {
    return this.verifier.keyId
  }

  /** The secret, as Go's `note` package writes it: `PRIVATE+KEY+name+hex8+base64(type, seed)`. Keep it to yourself. */
  get skey(): string {
    return PREFIX + formatKey(this.name, this.keyId, this.verifier.type, this.#seed)
  }

  /** Plain Ed25519 (RFC 8032) over the UTF-8 of a text, 64 bytes. */
  signature(text: string): Buffer {
    return sign(null, Buffer.from(text), this.#key)
  }
}

/** Signs notes (C2SP signed-note, type 1). */
export class NoteSigner extends Signer {
  private constructor(name: string, seed: Buffer) {
    super(name, 'ed25519', seed)
  }

  /** Throws INVALID_ARGUMENT for a name that keys cannot have. */
  static generate(name: string): NoteSigner {
    return new NoteSigner(requireName(name), freshSeed())
  }

  /** `seed`: the private key of RFC 8032, 32 bytes. Throws INVALID_ARGUMENT for a name that keys cannot have. */
  static fromSeed(name: string, seed: Buffer): NoteSigner {
    return new NoteSigner(requireName(name), seed)
  }

  /** Throws INVALID_ARGUMENT, without showing any of it, when `skey` is not a signer key of type 1. */
  static parse(skey: string): NoteSigner {
    return intact(skey, 'ed25519', (name, seed) => new NoteSigner(name, seed))
  }

  /** The signature line of a note with this text, without its newline. */
  sign(text: string): string {
    requireNoteText(text)
    return formatSignature({ name: this.name, keyId: this.keyId, signature: this.signature(text) })
  }
}

/** Cosigns checkpoints (C2SP tlog-cosignature, Ed25519, type 4). */
export class CosignatureSigner extends Signer {
  private constructor(name: string, seed: Buffer) {
    super(name, 'cosignature', seed)
  }

  /** Throws INVALID_ARGUMENT for a name that keys cannot have. */
  static generate(name: string): CosignatureSigner {
    return new CosignatureSigner(requireName(name), freshSeed())
  }

  /** Throws INVALID_ARGUMENT, without showing any of it, when `skey` is not a signer key of type 4. */
  static parse(skey: string): CosignatureSigner {
    return intact(skey, 'cosignature', (name, seed) => new CosignatureSigner(name, seed))
  }

  /** The cosignature line of the note with this text, without its newline. The time is in POSIX seconds, not zero. */
  sign(text: string, timestampSeconds: number): string {
    requireNoteText(text)
    if (!Number.isSafeInteger(timestampSeconds) || timestampSeconds <= 0) {
      const message = `A cosignature cannot be made at time ${timestampSeconds}. Set the clock of this machine.`
      throw new FabricError('INVALID_ARGUMENT', message, { field: 'timestampSeconds' })
    }
    const time = Buffer.alloc(TIMESTAMP_BYTES)
    time.writeBigUInt64BE(BigInt(timestampSeconds))
    const signature = Buffer.concat([time, this.signature(cosignedText(text, timestampSeconds))])
    return formatSignature({ name: this.name, keyId: this.keyId, signature })
  }
}

function freshSeed(): Buffer {
  const { privateKey } = generateKeyPairSync('ed25519')
  return privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-KEY_BYTES)
}

function requireName(name: string): string {
  if (isKeyName(name)) return name
  const message = 'A key name is not empty and has no spaces, plus signs or control characters. Choose another name.'
  throw new FabricError('INVALID_ARGUMENT', message, { field: 'name' })
}

function intact<Key extends Signer>(skey: string, type: KeyType, make: (name: string, seed: Buffer) => Key): Key {
  const parsed = skey.startsWith(PREFIX) ? parseKey(skey.slice(PREFIX.length)) : `it does not start with ${PREFIX}`
  if (typeof parsed === 'string') throw refused(parsed)
  if (parsed.type !== type) throw refused(`it is a key for ${parsed.type}, not for ${type}`)
  const signer = make(parsed.name, parsed.key)
  if (signer.keyId !== parsed.keyId) throw refused('its id is not that of its name and key')
  return signer
}

function refused(reason: string): FabricError {
  const message = `This is not a signer key: ${reason}. Restore the key file from its backup.`
  return new FabricError('INVALID_ARGUMENT', message, { format: 'skey', reason })
}
