import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { FabricClient } from '../../src/client/client.js'
import { isFabricError } from '../../src/model/errors.js'
import { ROLES, type Role } from '../../src/model/principal.js'
import { OPERATION_LIST } from '../../src/operations/table.js'
import { type ServedFabric, serveFabric } from '../support/served-fabric.js'

/** Who may call what, operation by operation. Written out, so that a change of the table shows here. */
const LEAST: Readonly<Record<Role, readonly string[]>> = {
  viewer: [
    'fabric.status task.list task.show task.ready blocker.list swarm.list swarm.show',
    'token.whoami token.rotate token.revoke governor.match governor.capabilities',
    'module.list module.show slo.list slo.show breaker.list breaker.show policy.show policy.explain cost.report cost.budget',
    'escalation.list escalation.show board.export log.read blob.show',
    'witness.checkpoint witness.prove witness.query witness.trace',
  ],
  swarm: [
    'task.create task.next task.claim task.heartbeat task.usage task.milestone task.block task.complete task.fail',
    'task.release blocker.answer blocker.resolve swarm.register swarm.send breaker.admit breaker.report',
    'escalation.ask approval.request approval.take inbox.read inbox.acknowledge blob.put',
  ],
  orchestrator: ['task.cancel task.retry blocker.assign board.import'],
  admin: [
    'swarm.grant swarm.retire token.issue token.list breaker.trip breaker.reset policy.apply cost.extend',
    'escalation.answer blob.delete witness.rotate module.load module.unload',
    'credential.issue credential.list credential.rotate credential.revoke',
  ],
}

const NAMES = Object.fromEntries(ROLES.map((role) => [role, LEAST[role].join(' ').split(' ')])) as Record<
  Role,
  string[]
>

let served: ServedFabric
const clients = new Map<Role, FabricClient>()

beforeAll(async () => {
  served = await serveFabric()
  await served.client.swarm.register({ swarm: 'alice' })
  for (const role of ROLES) {
    const { token } = await served.client.token.issue({ name: role === 'swarm' ? 'alice' : `a-${role}`, role })
    clients.set(role, served.connect({ token, retries: 0 }))
  }
})

afterAll(() => served[Symbol.asyncDispose]())

test('the matrix has every operation once', () => {
  expect(Object.values(NAMES).flat().sort()).toEqual(OPERATION_LIST.map(({ name }) => name).sort())
})

/** What an operation answers to a role: FORBIDDEN for its role, or anything else. Its example is put in its own words. */
async function refusesRole(role: Role, name: string): Promise<boolean> {
  const operation = OPERATION_LIST.find((row) => row.name === name)
  const [resource = '', verb = ''] = name.split('.')
  const { as: _, waitMs: ___, ...example } = (operation?.example ?? {}) as Record<string, unknown>
  const { [operation?.speaksAs ?? '']: __, ...own } = example
  const input = operation?.speaksAs === undefined ? own : { ...own, [operation.speaksAs]: 'alice' }
  const call = Reflect.get(Reflect.get(clients.get(role) ?? {}, resource), verb) as (input: object) => Promise<unknown>
  try {
    await call(input)
    return false
  } catch (error) {
    return isFabricError(error, 'FORBIDDEN') && error.details.least !== undefined
  }
}

describe.each(ROLES)('the role %s', (role) => {
  // Its own token would be gone for what comes after.
  const all = OPERATION_LIST.map(({ name }) => name).filter((name) => name !== 'token.rotate')

  test('may call what is its own, and nothing above it', async () => {
    const allowed = ROLES.slice(0, ROLES.indexOf(role) + 1).flatMap((least) => NAMES[least])
    for (const name of all) {
      expect(await refusesRole(role, name), `${role} calls ${name}`).toBe(!allowed.includes(name))
    }
  })
})
