import * as z from 'zod'
import { moduleDigest } from '../chassis/admission/admit.js'
import { admitInChild } from '../chassis/admission/admit-in-child.js'
import { PROFILES } from '../chassis/admission/imports.js'
import { METHODS, type SignedContract } from '../chassis/contract/contract.js'
import { judgeContract, requireTrusted } from '../chassis/contract/judge-contract.js'
import { limitsOf } from '../chassis/contract/meter-limits.js'
import type { ModuleRow } from '../chassis/contract/module-row.js'
import { readContract } from '../chassis/contract/read-contract.js'
import { requireModule } from '../coordinator/load-module.js'
import { pageById } from '../coordinator/queries.js'
import type { Fabric, Origin } from '../fabric/fabric.js'
import { contractTrust } from '../governor/policy/contract-trust.js'
import { isFabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import { formatTimestamp } from '../model/time.js'
import * as field from './fields.js'
import { operation } from './operation.js'
import { presentPage } from './present.js'
import { timestamp } from './views.js'

export const allowedHost = z.strictObject({
  host: z.string(),
  port: z.int(),
  scheme: z.enum(['https', 'http']),
  methods: z.array(z.enum(METHODS)).readonly(),
  paths: z.array(z.string()).readonly(),
})

/** A module that is loaded: its contract as it is in force, with every default in its place. */
const moduleView = z.strictObject({
  swarm: field.id,
  version: z.string(),
  sha256: field.sha256,
  bytes: z.int(),
  profile: z.enum(PROFILES),
  capabilities: z.array(z.string()).readonly(),
  limits: z.strictObject({
    memoryBytes: z.int(),
    tableElements: z.int(),
    cpuPercent: z.int(),
    wallMs: z.int(),
    fuel: z.int(),
    hostCallsPerSecond: z.int(),
    outputBytes: z.int(),
    logBytes: z.int(),
  }),
  levels: z.strictObject({
    p99LatencyMs: z.int().exactOptional(),
    successRate: z.number().exactOptional(),
    availability: z.number().exactOptional(),
  }),
  hosts: z.array(allowedHost).readonly(),
  /** Name and id of the trusted key that had signed it when it was loaded. */
  signedBy: z.string().exactOptional(),
  loadedAt: timestamp,
  loadedBy: z.string(),
  /** Tasks that name it and wait, or are being done. */
  tasks: z.int(),
})

type ModuleView = z.output<typeof moduleView>

export const load = operation({
  summary:
    'Load the module that works for a swarm, in place of the one before: its contract.yaml, and its bytes in base64.',
  role: 'admin',
  method: 'POST',
  path: '/v1/modules',
  input: z.strictObject({
    contract: z.string().max(LIMITS.contractBytes),
    module: field.base64(LIMITS.blobBytes, 'a module'),
  }),
  output: moduleView,
  bodyBytes: LIMITS.largeBodyBytes,
  example: {
    contract:
      'swarm: tokenizer\nversion: 1.0.0\nmodule:\n  path: tool.wasm\n  sha256: 93a44bbb96c751218e4c00d479e4c14358122a389acca16205b1e4d0dc5f9476\n',
    module: 'AGFzbQEAAAA=',
  },
  mutates: true,
  keyed: false,
  run: async ({ fabric, origin }, input) => {
    const signed = readContract('contract.yaml', input.contract)
    const bytes = Buffer.from(input.module, 'base64')
    const row = await noted(fabric, origin, signed, () => admit(fabric, signed, bytes, origin))
    return fabric.read((state) => presentModule(row, state.moduleTasks.get(signed.contract.swarm).size))
  },
})

/** What is cheap comes first: nothing is examined for a contract that nobody trusts, and nothing stored that is refused. */
async function admit(fabric: Fabric, signed: SignedContract, bytes: Uint8Array, origin: Origin): Promise<ModuleRow> {
  const { contract } = signed
  const digest = moduleDigest(bytes)
  await fabric.read((state) => requireTrusted(judgeContract(signed, digest, contractTrust(state.governor.policy))))
  const minimumJail = await fabric.read((state) => state.governor.policy.chassis?.minimumJail)
  await admitInChild(bytes, {
    profile: contract.profile,
    limits: limitsOf(contract.limits),
    ...(minimumJail !== undefined && { minimumJail }),
  })
  await fabric.putBlob(bytes, 'application/wasm', origin)
  return fabric.submit({ type: 'load_module', ...signed, digest, bytes: bytes.length }, origin)
}

/** That somebody tried to load what the sandbox does not take is worth an entry. */
async function noted<Result>(
  fabric: Fabric,
  { actor }: Origin,
  { contract: { swarm } }: SignedContract,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (isFabricError(error, 'MODULE_REFUSED')) {
      await fabric.noteRefusal({ code: error.code, operation: 'module.load', actor, swarm })
    }
    throw error
  }
}

export const list = operation({
  summary: 'List the modules that are loaded, in order of their swarms.',
  role: 'viewer',
  method: 'GET',
  path: '/v1/modules',
  input: z.strictObject(field.page),
  output: field.pageOf(moduleView),
  example: {},
  mutates: false,
  keyed: false,
  run: async ({ fabric }, page) =>
    fabric.read((state) => {
      const rows = [...state.chassis.modules.values()].map((row) => ({ id: row.contract.swarm, row }))
      return presentPage(pageById(rows, page), ({ id, row }) => presentModule(row, state.moduleTasks.get(id).size))
    }),
})

export const show = operation({
  summary: 'Show the module that works for a swarm.',
  role: 'viewer',
  method: 'GET',
  path: '/v1/modules/:swarm',
  input: z.strictObject({ swarm: field.id }),
  output: moduleView,
  example: { swarm: 'tokenizer' },
  mutates: false,
  keyed: false,
  run: async ({ fabric }, { swarm }) =>
    fabric.read((state) => presentModule(requireModule(state, swarm), state.moduleTasks.get(swarm).size)),
})

export const unload = operation({
  summary: 'Take the module of a swarm out of service; what it is doing now goes on to its end.',
  role: 'admin',
  method: 'POST',
  path: '/v1/modules/:swarm/unload',
  input: z.strictObject({ swarm: field.id, reason: field.note.exactOptional() }),
  output: moduleView,
  example: { swarm: 'tokenizer', reason: 'replaced by an agent' },
  mutates: true,
  keyed: false,
  run: async ({ fabric, origin }, input) => {
    const row = await fabric.submit({ type: 'unload_module', ...input }, origin)
    return fabric.read((state) => presentModule(row, state.moduleTasks.get(input.swarm).size))
  },
})

function presentModule({ contract, bytes, signedBy, loadedAt, loadedBy }: ModuleRow, tasks: number): ModuleView {
  const { module, slo, limits, ...said } = contract
  return {
    ...said,
    sha256: module.sha256,
    bytes,
    limits: { ...limits },
    levels: { ...slo },
    ...(signedBy !== undefined && { signedBy }),
    loadedAt: formatTimestamp(loadedAt),
    loadedBy,
    tasks,
  }
}
