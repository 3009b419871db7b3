import { once } from 'node:events'
import { createServer } from 'node:http'

/**
 * Stands where the rest of the network would be, as a proxy: notes whom a client asks for, and lets nothing through.
 */
export class Outside {
  /** `host:port`, or the address of a request without TLS. */
  asked = []
  #server = createServer((request, response) => {
    this.asked.push(request.url)
    response.writeHead(403).end()
  }).on('connect', (request, socket) => {
    this.asked.push(request.url)
    socket.on('error', () => {})
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
  })

  /** Resolves with the variables by which programs are told of a proxy. */
  async listen() {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    const url = `http://127.0.0.1:${this.#server.address().port}`
    const ours = '127.0.0.1,localhost'
    const variables = { HTTP_PROXY: url, HTTPS_PROXY: url, ALL_PROXY: url, NO_PROXY: ours }
    const lower = Object.entries(variables).map(([name, value]) => [name.toLowerCase(), value])
    return { ...variables, ...Object.fromEntries(lower) }
  }

  async close() {
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }
}
