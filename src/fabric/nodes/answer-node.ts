import { FabricError } from '../../model/errors.js'
import type { AnswerNode, NodeRequest } from './link.js'
import type { Node } from './node.js'
import type { NodeBlobs } from './node-blobs.js'
import type { NodeWitness } from './node-witness.js'

export interface NodeParts {
  readonly node: Node
  readonly blobs: NodeBlobs | undefined
  readonly witness: NodeWitness | undefined
}

/** Answers what other nodes ask. That they are nodes was seen to before, so whom they speak for is believed. */
export function answerNode({ node, blobs, witness }: NodeParts): AnswerNode {
  return async (request: NodeRequest) => {
    switch (request.type) {
      case 'submit':
        return node.asLeader((engine) => engine.submit(request.command, request.origin))
      case 'write_refusals':
        return node.asLeader((engine) => engine.writeRefusals(request.refusals))
      case 'put_blob': {
        const content = Buffer.from(request.content, 'base64')
        return node.asLeader(() => required(blobs).own.put(content, request.mediaType, request.origin))
      }
      case 'delete_blob':
        return node.asLeader(() => required(blobs).own.delete(request.sha256, request.reason, request.origin))
      case 'rotate_key':
        return node.asLeader(() => required(witness).rotateHere(request.origin))
      case 'read_blob':
        return { result: await required(blobs).read(request.sha256), position: node.publisher.size }
      default:
        throw new FabricError('UNAVAILABLE', 'This node is of another version and does not know what it was asked.')
    }
  }
}

function required<Part>(part: Part | undefined): Part {
  if (part !== undefined) return part
  throw new FabricError('UNAVAILABLE', 'This node keeps no witness, as all nodes of a fabric do or none.')
}
