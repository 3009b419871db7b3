import { judgeContract, requireTrusted } from '../chassis/contract/judge-contract.js'
import type { ModuleRow } from '../chassis/contract/module-row.js'
import { contractTrust } from '../governor/policy/contract-trust.js'
import { assertInvariant, FabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import type { EntryOf } from './entries.js'
import { requireActiveSwarm } from './lookup.js'
import { requireAdministrator } from './require-person.js'
import type { FabricState } from './state.js'
import { jsonBytes } from './task-spec.js'
import type { Decide, Evolve } from './transition.js'

/**
 * Lets a module work for the swarm of its contract, in the place of the one before. The same module under the same
 * contract changes nothing. Throws MODULE_REFUSED where the policy does not trust the contract.
 */
export const loadModule: Decide<'load_module'> = (state, { contract, signature, digest, bytes }, { actor }) => {
  requireAdministrator(actor, 'load modules')
  const { swarm } = contract
  requireActiveSwarm(state, swarm)
  const signed = { contract, ...(signature !== undefined && { signature }) }
  const verdict = judgeContract(signed, digest, contractTrust(state.governor.policy))
  requireTrusted(verdict)
  requireContractSize(signed)
  const before = state.chassis.modules.get(swarm)
  if (before !== undefined && isSame(before, signed)) return { entries: [], reply: () => before }
  if (before === undefined && state.chassis.modules.size >= LIMITS.modules) {
    const message = `The fabric has its limit of ${LIMITS.modules} modules. Unload one first: ifab chassis unload SWARM.`
    throw new FabricError('RATE_LIMITED', message)
  }
  const { signedBy } = verdict
  const data = {
    ...{ ...signed, bytes },
    ...(signedBy !== undefined && { signedBy }),
    ...(before !== undefined && { replaces: before.contract.module.sha256 }),
  }
  return { entries: [{ type: 'module_loaded', subject: swarm, data }], reply: (after) => moduleRow(after, swarm) }
}

/** A module that is loaded stands in one entry with its contract. */
function requireContractSize(signed: Pick<ModuleRow, 'contract' | 'signature'>): void {
  const bytes = jsonBytes(signed)
  if (bytes <= LIMITS.loadedContractBytes) return
  const message = `The contract takes ${bytes} bytes of at most ${LIMITS.loadedContractBytes}. Name fewer hosts and paths.`
  throw new FabricError('INVALID_ARGUMENT', message, { bytes, maxBytes: LIMITS.loadedContractBytes })
}

function isSame({ contract, signature }: ModuleRow, signed: Pick<ModuleRow, 'contract' | 'signature'>): boolean {
  const { contract: other, signature: otherSignature } = signed
  return JSON.stringify([contract, signature]) === JSON.stringify([other, otherSignature])
}

/** Takes the module of a swarm out of service. What it is doing now goes on to its end. */
export const unloadModule: Decide<'unload_module'> = (state, { swarm, reason }, { actor }) => {
  requireAdministrator(actor, 'unload modules')
  const row = requireModule(state, swarm)
  const data = { sha256: row.contract.module.sha256, ...(reason !== undefined && { reason }) }
  return { entries: [{ type: 'module_unloaded', subject: swarm, data }], reply: () => row }
}

/** The module that works for a swarm, or NOT_FOUND. */
export function requireModule(state: FabricState, swarm: string): ModuleRow {
  const row = state.chassis.modules.get(swarm)
  if (row !== undefined) return row
  const message = `No module is loaded for ${swarm}. Load one with \`ifab chassis load contract.yaml\`.`
  throw new FabricError('NOT_FOUND', message, { swarm })
}

/** The row that an entry just wrote. */
function moduleRow(state: FabricState, swarm: string): ModuleRow {
  const row = state.chassis.modules.get(swarm)
  assertInvariant(row !== undefined, `the module of ${swarm} was loaded and is not there`)
  return row
}

export const moduleLoaded: Evolve<EntryOf<'module_loaded'>> = (state, { subject, at, actor, data }) => {
  const { replaces: _, ...loaded } = data
  state.chassis.modules.set(subject, { ...loaded, loadedAt: at, loadedBy: actor })
}

export const moduleUnloaded: Evolve<EntryOf<'module_unloaded'>> = (state, { subject }) => {
  state.chassis.modules.delete(subject)
}
