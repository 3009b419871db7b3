import type { CredentialEndpoint } from '../../src/chassis/credential/credential.js'
import type { CoordinatorCommand } from '../../src/coordinator/commands.js'
import type { FabricState } from '../../src/coordinator/state.js'
import { ADMIN_ACTOR, FABRIC_ACTOR, swarmActor } from '../../src/model/entry.js'
import { HOUR_MS, SECOND_MS } from '../../src/model/time.js'
import type { Said } from './commands.js'
import type { Random } from './random.js'

const HOSTS = ['api.example.com', 'git.example.com']

interface Grant {
  readonly task: string
  readonly swarm: string
  readonly epoch: number
}

/** Rights that are given, rotated, taken back and used: of live claims, of old ones, and of claims that never were. */
export function credentialWords(random: Random, state: FabricState, grants: readonly Grant[]): Said[] {
  if (random.chance(0.4) || grants.length === 0) return []
  return Array.from({ length: 1 + random.below(6) }, () => {
    const command = credentialWord(random, state, grants)
    const usual = command.type.startsWith('record_') || random.chance(0.2) ? FABRIC_ACTOR : ADMIN_ACTOR
    return { command, actor: random.chance(0.97) ? usual : swarmActor('s1') }
  })
}

function credentialWord(random: Random, state: FabricState, grants: readonly Grant[]): CoordinatorCommand {
  const holder = holderOf(random, grants)
  const known = [...state.chassis.credentials.values()].slice(-30)
  const id = known.length === 0 || random.chance(0.05) ? 'credential-1' : random.pick(known).id
  const roll = random.below(10)
  const ttlMs = random.pick([SECOND_MS, 300 * SECOND_MS, HOUR_MS, 3 * HOUR_MS])
  if (roll < 5) return { type: 'issue_credential', ...holder, endpoints: endpoints(random), ttlMs }
  if (roll < 7) return { type: 'rotate_credential', id, ttlMs, graceMs: random.pick([0, 30 * SECOND_MS, 2 * HOUR_MS]) }
  if (roll < 8) return { type: 'revoke_credential', id, ...(random.chance(0.5) && { reason: 'enough' }) }
  const request = { host: random.pick(HOSTS), port: 443, method: 'GET' }
  if (roll < 9) return { type: 'record_credential_use', id, ...holder, ...request, outcome: 'answered', status: 200 }
  const right = random.chance(0.5) ? { id } : {}
  return { type: 'record_credential_refusal', ...right, ...holder, ...request, reason: 'not_allowed', count: 1 }
}

/** Mostly a claim that was granted lately; sometimes one with another swarm, task or epoch. */
function holderOf(random: Random, grants: readonly Grant[]): Grant {
  const recent = grants.slice(-30)
  const { swarm, task, epoch } = random.pick(recent)
  if (random.chance(0.85)) return { swarm, task, epoch }
  const other = random.pick(recent)
  const changes = [{ swarm: other.swarm }, { task: other.task }, { epoch: other.epoch }, { epoch: epoch + 1 }]
  return { swarm, task, epoch, ...random.pick(changes) }
}

function endpoints(random: Random): CredentialEndpoint[] {
  return random.some(HOSTS, 0.7).map((host) => ({
    ...{ host, port: 443, scheme: 'https', methods: ['GET'], paths: ['/'] },
    ...(random.chance(0.5) && { inject: { name: 'example', header: 'authorization', prefix: 'Bearer ' } }),
  }))
}
