import { parseDocument } from 'yaml'
import type { Contract, ContractSignature } from './contract.js'

/** What tools write into a contract. */
export interface ContractEdit {
  readonly module?: Contract['module']
  /** Null takes the signature out. */
  readonly signature?: ContractSignature | null
}

/** The text of contract.yaml with these keys set; comments and everything else stay. The text must have been read. */
export function editContract(source: string, { module, signature }: ContractEdit): string {
  const document = parseDocument(source, { schema: 'core', uniqueKeys: false })
  for (const [key, value] of Object.entries(module ?? {})) document.setIn(['module', key], value)
  if (signature === null) document.delete('signature')
  for (const [key, value] of Object.entries(signature ?? {})) document.setIn(['signature', key], value)
  return document.toString({ lineWidth: 0 })
}
