import { once } from 'node:events'
import { createServer } from 'node:http'

/**
 * A model whose every word is written down before: an HTTP server on loopback that a client takes for its provider. The
 * script is an async generator: it yields `{ tool, input }`, is given what came of that call, and ends with `{ text }`.
 *
 * A dialect is how a provider speaks. `turn(request)` reads a turn of the conversation, `{ tools, result }`, and is
 * undefined for whatever else clients ask, which `other(request, response)` answers; `say(response, step, id)` streams
 * a step.
 */
export class ScriptedModel {
  /** Every turn: `{ tools, body }`, with the tools of ours that the client offered. */
  turns = []
  #dialect
  #script
  #fail
  #server = createServer((request, response) => this.#serve(request, response))
  /**
   * Rejects with what went wrong in the script: the client must not take it for a fault of its provider and try again.
   */
  failed = new Promise((_, reject) => {
    this.#fail = reject
  })

  constructor(dialect, script) {
    this.#dialect = dialect
    this.#script = script
    this.failed.catch(() => {})
  }

  /** Resolves with its address. */
  async listen() {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return `http://127.0.0.1:${this.#server.address().port}`
  }

  async close() {
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }

  async #serve(request, response) {
    try {
      const asked = await read(request)
      const turn = this.#dialect.turn(asked)
      if (turn === undefined) return this.#dialect.other(asked, response)
      if (turn.tools.length === 0) throw new Error('the client did not wait for the tools before its first turn')
      this.turns.push({ tools: turn.tools, body: asked.body })
      const { value: step, done } = await this.#script.next(turn.result)
      if (done) throw new Error('the client asks for another turn after the end of the script')
      this.#dialect.say(response, step, String(this.turns.length))
    } catch (error) {
      this.#fail(error)
      response.destroy()
    }
  }
}

async function read(request) {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += chunk
  const { pathname: path } = new URL(request.url, 'http://model')
  return { method: request.method, path, body: text === '' ? undefined : JSON.parse(text) }
}

/** Streams server-sent events, each named by its `type`. */
export function sendEvents(response, events) {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const event of events) response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
  response.end()
}

export function refuse(response, body) {
  response.writeHead(404, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}
