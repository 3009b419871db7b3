import type { FabricClient } from '../../client/client.js'
import type { Suggestion, Wanted } from './wanted.js'

/** Nobody waits longer for a tab; and longer lists help nobody. */
const WITHIN = { timeoutMs: 1_000 }
const MOST = 100

/** Ids of the fabric that begin with what was typed. */
export async function suggestIds(
  fabric: FabricClient,
  { of, state, options }: Extract<Wanted, { kind: 'ids' }>,
  typed: string,
): Promise<Suggestion[]> {
  // Pages are in order of ids, and the cursor is an id: the page after the typed one begins with those that continue it.
  const page = { limit: MOST, ...(typed !== '' && { cursor: typed }) }
  switch (of) {
    case 'task': {
      const holder = state === 'claimed' && options.as !== undefined ? { swarm: options.as } : {}
      const { items } = await fabric.task.list({ ...page, ...holder, state }, WITHIN)
      return items.map(({ id, title }) => ({ value: id, description: title }))
    }
    case 'swarm': {
      const { items } = await fabric.swarm.list(page, WITHIN)
      return items.map(({ swarm }) => ({ value: swarm.id, description: swarm.capabilities.join(', ') }))
    }
    case 'blocker': {
      const { items } = await fabric.blocker.list({ limit: MOST }, WITHIN)
      return items.map(({ id, needs }) => ({ value: id, description: needs }))
    }
    case 'escalation': {
      const { items } = await fabric.escalation.list({ limit: MOST }, WITHIN)
      return items.map(({ id, question }) => ({ value: id, description: question }))
    }
  }
}
