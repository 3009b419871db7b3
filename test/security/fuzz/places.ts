import type { FabricClient } from '../../../src/client/client.js'
import { NANOS_PER_DOLLAR } from '../../../src/model/money.js'
import type { Role } from '../../../src/model/principal.js'
import { emptyModule } from '../../chassis/support/sample-modules.js'
import { type ServedFabric, serveFabric, TOKEN } from '../../support/served-fabric.js'

/** Values that belong together, by the names of the fields that take them. */
export type Place = Readonly<Record<string, unknown>>

export interface Target extends AsyncDisposable {
  readonly served: ServedFabric
  readonly tokens: Readonly<Record<Role, string>>
  /** A claim that nobody has touched, with all that hangs on it. */
  freshPlace(): Promise<Place>
  /** Others, some of them odd. */
  readonly places: readonly Place[]
}

/** A fabric in which every operation has something that it can succeed with. */
export async function buildTarget(): Promise<Target> {
  const served = await serveFabric({ requestsPerSecond: 1_000_000 })
  const { client, timing } = served
  const issue = async (name: string, role: Role) => (await client.token.issue({ name, role })).token
  for (const swarm of ['alice', 'bob', 'carol']) await register(client, swarm)
  const tokens = {
    viewer: await issue('eve', 'viewer'),
    swarm: await issue('alice', 'swarm'),
    orchestrator: await issue('lead', 'orchestrator'),
    admin: TOKEN,
  }
  const shared = { ...LOOSE, ...(await contents(client)) }
  let held = 0
  const freshPlace = async () => {
    held += 1
    return { ...shared, ...(await hold(client, `H${held}`, `s${held}`)) }
  }
  const own = { ...shared, ...(await hold(client, 'H0', 'alice')) }
  const places = [own, ...(await oddPlaces(client, await freshPlace()))]
  // Some answers wait for the next turn of the witness, which the clock of the fabric brings.
  const ticking = setInterval(() => timing.advance(100), 20)
  return {
    served,
    tokens,
    freshPlace,
    places,
    [Symbol.asyncDispose]: () => {
      clearInterval(ticking)
      return served[Symbol.asyncDispose]()
    },
  }
}

async function oddPlaces(client: FabricClient, { blocker, escalation }: Place): Promise<Place[]> {
  await client.task.create({ id: 'T2', title: 'Free' })
  await client.task.create({ id: 'T3', title: 'Waits', dependencies: ['T2'] })
  return [
    { task: 'T2', as: 'bob', swarm: 'bob', blocker, id: 'H1', index: 0, from: 0, epoch: 0, to: 'orchestrator' },
    { task: 'T3', as: 'carol', swarm: 'orchestrator', escalation, id: 'alice', cursor: 'T2' },
    { swarm: 'carol', ...(await failed(client)), ...(await approved(client)) },
    await entitled(client),
  ]
}

const LOOSE = {
  swarms: ['carol'],
  to: 'bob',
  board: 'board-1',
  option: 'left',
  index: 3,
  from: 2,
  upTo: 1,
  generation: 0,
  tile: '0/000.p/1',
  name: 'bob',
  usage: { id: 'turn-1', costNanos: 5 },
}

/** A blob and a token that nobody uses. */
async function contents({ blob, token }: FabricClient) {
  const { sha256 } = await blob.put({ content: 'b2sK' })
  return { sha256, id: (await token.issue({ name: 'spare', role: 'viewer' })).id }
}

function register({ swarm }: FabricClient, name: string) {
  return swarm.register({ swarm: name, capacity: 10, budgetNanos: 1_000 * NANOS_PER_DOLLAR })
}

async function hold(client: FabricClient, id: string, swarm: string) {
  const { task, blocker, escalation } = client
  await register(client, swarm)
  await task.create({ id, title: 'Held', board: 'board-1' })
  const { epoch } = await task.claim({ task: id, as: swarm })
  const held = { task: id, as: swarm, epoch }
  const raised = await task.block({ ...held, kind: 'external', needs: 'an answer' })
  await blocker.assign({ blocker: raised.id, swarms: ['bob'] })
  const asked = await escalation.ask({ as: swarm, question: 'Which?', options: ['left', 'right'] })
  const module = emptyModule(swarm)
  await client.module.load(module)
  return { ...held, ...module, swarm, account: `swarm:${swarm}/total`, blocker: raised.id, escalation: asked.id }
}

/** A claim with a credential that nobody has touched. */
async function entitled(client: FabricClient) {
  const { task, swarm, epoch } = await hold(client, 'H9', 's9')
  const endpoint = { host: 'api.example.com', port: 443, scheme: 'https', methods: ['GET'], paths: ['/'] } as const
  const { id } = await client.credential.issue({ task, swarm, epoch, endpoints: [endpoint] })
  return { id, task, swarm, epoch }
}

async function failed({ task }: FabricClient) {
  await task.create({ id: 'T4', title: 'Fails' })
  const { epoch } = await task.claim({ task: 'T4', as: 'bob' })
  await task.fail({ task: 'T4', as: 'bob', epoch, reason: 'broken', retry: false })
  return { task: 'T4', epoch }
}

async function approved({ approval, escalation }: FabricClient) {
  const action = { action: 'deploy', arguments: { to: 'production' } }
  const { id } = await approval.request({ as: 'bob', ...action, reason: 'release' })
  await escalation.answer({ escalation: id, option: 'approve' })
  return { as: 'bob', escalation: id, ...action }
}
