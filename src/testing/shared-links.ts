import { type AnswerNode, type NodeLink, noAnswer, unreachable } from '../fabric/nodes/link.js'
import type { Line } from './shared-log.js'

/** What nodes in one process talk over. What they say is copied as JSON, as it would be between machines. */
export class SharedLinks {
  readonly #answers = new Map<string, AnswerNode>()
  readonly #lines = new Map<string, Line>()
  /** How often the next answers are lost on their way back. */
  #lost = 0

  loseNextAnswer(): void {
    this.#lost += 1
  }

  /** `line` is the way from and to this node. */
  connect(id: string, line: Line): NodeLink {
    this.#lines.set(id, line)
    return {
      ask: async (node, request) => {
        const answer = this.#answers.get(node.id)
        try {
          await line.pass()
          await this.#lines.get(node.id)?.pass()
        } catch (error) {
          throw unreachable(node, error)
        }
        if (answer === undefined) throw unreachable(node)
        const told = await answer(copy(request))
        if (this.#lost > 0) {
          this.#lost -= 1
          throw noAnswer(node)
        }
        return copy(told)
      },
      serve: (answer) => void this.#answers.set(id, answer),
      close: async () => void this.#answers.delete(id),
    }
  }
}

function copy<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value))
}
