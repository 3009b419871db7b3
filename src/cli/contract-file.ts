import { dirname, relative, resolve, sep } from 'node:path'
import type { SignedContract } from '../chassis/contract/contract.js'
import { editContract } from '../chassis/contract/edit-contract.js'
import { type ContractVerdict, judgeContract } from '../chassis/contract/judge-contract.js'
import { readContract } from '../chassis/contract/read-contract.js'
import { FabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import { parseVkey } from '../witness/note/verifier.js'
import { readUserText, writeUserFile } from './user-file.js'

/** contract.yaml as text and as what it says. */
export interface ContractFile {
  readonly source: string
  readonly signed: SignedContract
}

export async function readContractFile(path: string): Promise<ContractFile> {
  const source = await readUserText(path, LIMITS.contractBytes)
  return { source, signed: readContract(path, source) }
}

/** Writes into a contract which module it is for, and takes out a signature, which would not be of it any more. */
export async function nameModule(
  path: string,
  module: string,
  digest: string,
): Promise<{ readonly wasSigned: boolean }> {
  const { source, signed } = await readContractFile(path)
  const next = { path: pathInContract(path, module), sha256: digest }
  const { module: before } = signed.contract
  if (before.path === next.path && before.sha256 === next.sha256) return { wasSigned: false }
  await writeContract(path, editContract(source, { module: next, signature: null }))
  return { wasSigned: signed.signature !== undefined }
}

/** Writes a contract, which must be one still. */
export async function writeContract(path: string, text: string): Promise<SignedContract> {
  const signed = readContract(path, text)
  await writeUserFile(path, text)
  return signed
}

/** A contract names its module in its own directory or below it. */
function pathInContract(contract: string, module: string): string {
  const path = relative(dirname(resolve(contract)), resolve(module))
    .split(sep)
    .join('/')
  if (path !== '..' && !path.startsWith('../') && !path.startsWith('/')) return path
  const message = `${module} is not in the directory of ${contract} or below it. Put the module beside its contract.`
  throw new FabricError('INVALID_ARGUMENT', message, { module, contract })
}

/** With keys, the contract must be signed by one of them. `digest` is that of the module as it is. */
export function judgeFile(signed: SignedContract, digest: string, keys: readonly string[] = []): ContractVerdict {
  const trust = { keys: keys.map(parseVkey), requireSignature: keys.length > 0, requirePinnedVersion: false }
  return judgeContract(signed, digest, trust)
}
