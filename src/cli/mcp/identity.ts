import type { FabricClient } from '../../client/client.js'
import { isFabricError } from '../../model/errors.js'
import type { Role } from '../../model/principal.js'
import { type SessionName, takeName, usualName } from './session-name.js'

/** What its user wants the session to be. */
export interface Wishes {
  readonly as?: string
  readonly capabilities?: readonly string[]
  readonly tier?: string
}

/** Who a session is for the fabric. */
export interface Identity {
  readonly actor: string
  readonly role: Role
  readonly swarm?: string
  readonly token: string
  /** The swarm with another token; absent where the token was given. */
  renew?(admin: FabricClient): Promise<Identity>
  /** Ends what was made for this session. */
  end?(admin: FabricClient | undefined): Promise<void>
}

/** Makes the session a swarm, which keeps its profile where it was one before, and gives it a token of its own. */
export async function becomeSwarm(
  admin: FabricClient,
  data: string,
  wishes: Wishes,
  client?: string,
): Promise<Identity> {
  const name = await takeName(data, wishes.as ?? (await usualName(client)))
  try {
    await register(admin, name.swarm, wishes)
    if (name.left !== undefined) await revoke(admin, name.left, 'its session died')
    return await withToken(admin, name)
  } catch (error) {
    await name.release()
    throw error
  }
}

async function register(admin: FabricClient, swarm: string, { capabilities, tier }: Wishes): Promise<void> {
  const known = await admin.swarm.show({ swarm }).then(
    (detail) => (detail.swarm.state === 'active' ? detail.swarm : undefined),
    (error) => {
      if (!isFabricError(error, 'NOT_FOUND')) throw error
      return undefined
    },
  )
  if (known !== undefined && capabilities === undefined && tier === undefined) return
  await admin.swarm.register({
    swarm,
    capabilities: [...(capabilities ?? known?.capabilities ?? [])],
    tier: tier ?? known?.tier,
    capacity: known?.capacity,
    metadata: known?.metadata,
  })
}

async function withToken(admin: FabricClient, name: SessionName): Promise<Identity> {
  const { swarm } = name
  const { id, token } = await admin.token.issue({ name: swarm })
  await name.leave(id)
  return {
    actor: `swarm:${swarm}`,
    role: 'swarm',
    swarm,
    token,
    renew: (again) => withToken(again, name),
    end: async (last) => {
      try {
        if (last !== undefined) await revoke(last, id, 'its session ended')
      } finally {
        await name.release()
      }
    },
  }
}

async function revoke(admin: FabricClient, id: string, reason: string): Promise<void> {
  try {
    await admin.token.revoke({ id, reason })
  } catch (error) {
    // It is over already.
    if (!isFabricError(error, 'NOT_FOUND')) throw error
  }
}
