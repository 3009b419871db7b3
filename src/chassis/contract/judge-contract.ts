import { FabricError } from '../../model/errors.js'
import { decodeBase64 } from '../../witness/note/base64.js'
import type { Verifier } from '../../witness/note/verifier.js'
import { EXACT_VERSION, type SignedContract } from './contract.js'
import { keyLabel, signedText } from './sign-contract.js'

/** What can be wrong with a contract. */
export type ContractFault =
  /** Nobody signed it. */
  | 'unsigned'
  /** A key that is not trusted signed it. */
  | 'unknown_key'
  /** Its signature is not of this text. */
  | 'tampered'
  /** The module is another one. */
  | 'digest_mismatch'
  /** Its version is a range or a word, or not the one that is pinned. */
  | 'unpinned_version'

/** What the policy says about contracts. */
export interface ContractTrust {
  /** Keys whose signature counts. */
  readonly keys: readonly Verifier[]
  /** Whether a contract without a signature that counts is refused: unsigned, or signed by an unknown key. */
  readonly requireSignature: boolean
  readonly requirePinnedVersion: boolean
  /** The one version of a swarm's module that may run, by swarm; of others every exact version may. */
  readonly pinnedVersions?: Readonly<Record<string, string>>
}

export interface ContractFinding {
  readonly fault: ContractFault
  /** What is wrong, and what to do. */
  readonly message: string
  /** Whether it may not run for this reason. A tampered contract or another module never may. */
  readonly refused: boolean
}

export interface ContractVerdict {
  readonly trusted: boolean
  /** Name and id of the key that signed it, when the signature holds and the key is trusted. */
  readonly signedBy?: string
  readonly findings: readonly ContractFinding[]
}

/** Judges a contract against the bytes of its module and the policy. `digest` is that of the module as it is. */
export function judgeContract(signed: SignedContract, digest: string, trust: ContractTrust): ContractVerdict {
  const signature = judgeSignature(signed, trust)
  const findings = [
    ...(typeof signature === 'string' ? [] : [signature]),
    ...judgeDigest(signed, digest),
    ...judgeVersion(signed, trust),
  ]
  return {
    trusted: findings.every(({ refused }) => !refused),
    ...(typeof signature === 'string' && { signedBy: signature }),
    findings,
  }
}

/** Throws MODULE_REFUSED with `details.reason`, the first fault for which the policy refuses the contract. */
export function requireTrusted({ findings }: ContractVerdict): void {
  const refused = findings.find((finding) => finding.refused)
  if (refused === undefined) return
  throw new FabricError('MODULE_REFUSED', refused.message, { reason: refused.fault })
}

function judgeSignature({ contract, signature }: SignedContract, trust: ContractTrust): string | ContractFinding {
  const required = trust.requireSignature
  if (signature === undefined) {
    const message = 'The contract is not signed. Have its owner sign it with a key that the policy trusts.'
    return { fault: 'unsigned', message, refused: required }
  }
  const key = trust.keys.find((candidate) => candidate.type === 'ed25519' && keyLabel(candidate) === signature.key)
  if (key === undefined) {
    const message = `The contract is signed by ${signature.key}, which the policy does not trust. Add its verifier key, or have another key sign.`
    return { fault: 'unknown_key', message, refused: required }
  }
  const value = decodeBase64(signature.value)
  if (value !== undefined && key.verify(signedText(contract), value)) return signature.key
  const message = `The signature of ${signature.key} is not of this contract: it was changed afterwards. Have it signed again.`
  return { fault: 'tampered', message, refused: true }
}

function judgeDigest({ contract }: SignedContract, digest: string): ContractFinding[] {
  if (contract.module.sha256 === digest) return []
  const message = `The module has the SHA-256 ${digest}, and the contract is for ${contract.module.sha256}. Take the module that it names.`
  return [{ fault: 'digest_mismatch', message, refused: true }]
}

function judgeVersion({ contract }: SignedContract, trust: ContractTrust): ContractFinding[] {
  const { swarm, version } = contract
  const pins = trust.pinnedVersions ?? {}
  const pinned = Object.hasOwn(pins, swarm) ? pins[swarm] : undefined
  if (pinned !== undefined && pinned !== version) {
    const message = `The policy pins the module of ${swarm} to ${pinned}, and this is ${version}. Use that version, or change the pin.`
    return [{ fault: 'unpinned_version', message, refused: true }]
  }
  if (EXACT_VERSION.test(version)) return []
  const message = `The version ${JSON.stringify(version)} is not exact. Write one such as 1.2.3.`
  return [{ fault: 'unpinned_version', message, refused: trust.requirePinnedVersion }]
}
