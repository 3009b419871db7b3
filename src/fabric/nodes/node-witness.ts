import type { KeyRotated } from '../entries.js'
import type { Origin } from '../fabric.js'
import { EngineWitness } from '../fabric-witness.js'
import type { Witnessing } from '../witnessing.js'
import type { Node } from './node.js'

/**
 * The witness of one of several nodes. Each has the tree of the log and the key of the fabric, and signs heads by itself: they
 * are heads of one log, whoever signs them. Keys are rotated, and heads cosigned, by the node that leads.
 */
export class NodeWitness extends EngineWitness {
  readonly #node: Node

  constructor(node: Node, witnessing: Witnessing) {
    super(node, witnessing)
    this.#node = node
  }

  override rotateKey(origin: Origin): Promise<KeyRotated> {
    return this.#node.atLeader({ type: 'rotate_key', origin }, () => this.rotateHere(origin))
  }

  /** As the node that leads does it. */
  rotateHere(origin: Origin): Promise<KeyRotated> {
    return super.rotateKey(origin)
  }
}
