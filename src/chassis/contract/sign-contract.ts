import { canonicalJson } from '../../model/canonical.js'
import { formatKeyId } from '../../witness/note/key.js'
import type { NoteSigner } from '../../witness/note/signer.js'
import type { Contract, ContractSignature } from './contract.js'

/** No other text that these keys sign begins with this line. */
const CONTEXT = 'infrafabric/contract/v1'

/**
 * What is signed: the contract with every default in its place, so that a signature covers what is in force. Order,
 * comments and spelling of the file do not count.
 */
export function signedText(contract: Contract): string {
  return `${CONTEXT}\n${canonicalJson(contract)}\n`
}

/** Signs a contract with the key of a note signer (Ed25519). */
export function signContract(contract: Contract, signer: NoteSigner): ContractSignature {
  return {
    key: keyLabel(signer),
    value: signer.signature(signedText(contract)).toString('base64'),
  }
}

/** Name and id of a key: `release+1a2b3c4d`. */
export function keyLabel({ name, keyId }: { readonly name: string; readonly keyId: number }): string {
  return `${name}+${formatKeyId(keyId)}`
}
