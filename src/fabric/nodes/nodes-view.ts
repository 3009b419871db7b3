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
  // Compared with what the others told at about the same time, so that an old word is not taken for a node that is behind.
  const most = Math.max(0, ...heard.map(({ position }) => position))
  const others = heard.flatMap((member) => (member.id === self.id ? [] : [{ ...member, lag: most - member.position }]))
  const members = [...others, { ...self, lag: node.freshness.lag }].sort((a, b) => (a.id < b.id ? -1 : 1))
  return {
    self: self.id,
    ...(leader !== undefined && { leader: leader.id, term: leader.term }),
    ageMs: Math.round(node.freshness.ageMs),
    members: members.map(({ id, url, version, position, lag }) => {
      return { id, url, version, leads: id === leader?.id, position, lag }
    }),
  }
}
