import type { FabricNodes, NodesStatus } from '../fabric.js'
import type { Node } from './node.js'

/** The nodes of a fabric, seen from one of them. */
export function nodesOf(node: Node): FabricNodes {
  return {
    get leads() {
      return node.leads
    },
    get position() {
      return node.publisher.size
    },
    get isFresh() {
      return node.isFresh
    },
    status: () => statusOf(node),
    reach: (position) => node.reach(position),
    catchUp: () => node.catchUp(),
    onRole: (listener) => node.onRole(listener),
    onStale: (listener) => node.onStale(listener),
  }
}

function statusOf(node: Node): NodesStatus {
  const { members: heard, leader } = node.membership.view()
  const { self } = node
  // Of itself a node knows better than what it told the others last.
  const members = [...heard.filter(({ id }) => id !== self.id), self].sort((a, b) => (a.id < b.id ? -1 : 1))
  const most = Math.max(...members.map(({ position }) => position), self.position + node.freshness.lag)
  return {
    self: self.id,
    ...(leader !== undefined && { leader: leader.id, term: leader.term }),
    ageMs: Math.round(node.freshness.ageMs),
    members: members.map(({ id, url, version, position }) => {
      return { id, url, version, leads: id === leader?.id, position, lag: most - position }
    }),
  }
}
