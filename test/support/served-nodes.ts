import { type ConnectOptions, connect, type FabricClient } from '../../src/client/client.js'
import { nodeTransport } from '../../src/client/node-transport.js'
import type { RunningServer } from '../../src/server/app.js'
import { startServer } from '../../src/server/server.js'
import { TestNodes, type TestNodesOptions } from '../../src/testing/test-nodes.js'

export const TOKEN = 'token-of-the-tests'

/** Nodes in memory, each behind a real server on a free port. */
export class ServedNodes implements AsyncDisposable {
  readonly all: TestNodes
  readonly servers = new Map<string, RunningServer>()
  readonly #transport = nodeTransport()

  private constructor(all: TestNodes) {
    this.all = all
  }

  static async open(options: TestNodesOptions = {}): Promise<ServedNodes> {
    const served = new ServedNodes(await TestNodes.open({ witness: true, ...options }))
    for (const { id, fabric } of served.all.nodes) {
      served.servers.set(id, await startServer({ fabric, listen: '127.0.0.1:0', token: TOKEN }))
    }
    return served
  }

  url(id: string): string {
    return this.servers.get(id)?.url ?? ''
  }

  /** A client of these nodes, in this order. */
  connect(ids: readonly string[], options: Partial<ConnectOptions> = {}): FabricClient {
    const url = ids.map((id) => this.url(id)).join(',')
    return connect({ url, token: TOKEN, transport: this.#transport, ...options })
  }

  request(id: string, path: string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(this.url(id) + path, { headers: { authorization: `Bearer ${TOKEN}`, ...headers } })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#transport.close()
    for (const server of this.servers.values()) await server.close()
    await this.all[Symbol.asyncDispose]()
  }
}
