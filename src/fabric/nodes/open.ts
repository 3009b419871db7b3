import type { Member, Membership } from '../../journal/membership.js'
import { FABRIC_ACTOR } from '../../model/entry.js'
import { EngineFabric } from '../engine-fabric.js'
import type { Fabric } from '../fabric.js'
import { completeOptions, type FabricOptions } from '../open.js'
import { policyDigestOf } from '../policy-digest.js'
import { answerNode } from './answer-node.js'
import type { NodeLink } from './link.js'
import { Node } from './node.js'
import { NodeBlobs } from './node-blobs.js'
import { NodeWitness } from './node-witness.js'
import { nodesOf } from './nodes-view.js'

export interface NodeFabricOptions extends FabricOptions {
  readonly membership: Membership
  readonly link: NodeLink
  /** What this node tells the others of itself. */
  readonly self: Omit<Member, 'position'>
}

/** Joins the nodes that share a journal, and answers as one of them until it is closed. */
export async function openNodeFabric(options: NodeFabricOptions): Promise<Fabric> {
  const { membership, link, self, journal, governor } = options
  const completed = completeOptions(options)
  const { policy, timing, report } = completed
  const node = await Node.open({ ...completed, membership, link, self })
  const { witnessing } = node
  const witness = witnessing && new NodeWitness(node, witnessing)
  const blobs = witnessing && new NodeBlobs({ node, link, witnessing, report })
  link.serve(answerNode({ node, blobs, witness }))
  const fabric = new EngineFabric({ engine: node, journal, policy, timing, witness, blobs, nodes: nodesOf(node) })
  void blobs?.copy(node.closing).catch(report)
  const shareKey = () => {
    if (!node.leads || witness === undefined || witnessing?.witness.sharesKey !== false) return
    // The log was signed by the key of one data directory before, and that is here.
    witness.rotateHere({ actor: FABRIC_ACTOR }).catch(report)
  }
  node.onRole(shareKey)
  shareKey()
  try {
    if (governor !== undefined) {
      await fabric.submit(
        { type: 'apply_policy', policy: governor, digest: policyDigestOf(governor) },
        { actor: FABRIC_ACTOR },
      )
    }
    await fabric.sweepBlobs().catch(report)
    return fabric
  } catch (error) {
    await fabric.close()
    throw error
  }
}
