import { type ConnectOptions, connect, type FabricClient } from '../../src/client/client.js'
import { nodeTransport } from '../../src/client/node-transport.js'
import type { Fabric } from '../../src/fabric/fabric.js'
import type { RunningServer, ServerFault } from '../../src/server/app.js'
import { type ServerOptions, startServer } from '../../src/server/server.js'
import type { FakeTiming } from '../../src/testing/fake-timing.js'
import { openTestFabric, type TestFabricOptions } from '../../src/testing/test-fabric.js'
import { memoryStorage } from '../../src/witness/storage.js'

export const TOKEN = 'token-of-the-tests'

export interface ServedFabric extends AsyncDisposable {
  readonly fabric: Fabric
  readonly server: RunningServer
  readonly client: FabricClient
  /** The clock of the fabric; it stands still until a test moves it. */
  readonly timing: FakeTiming
  readonly faults: ServerFault[]
  /** A raw request with the right token, unless `headers` say otherwise. */
  request(path: string, init?: RequestInit): Promise<Response>
  connect(options?: Partial<ConnectOptions>): FabricClient
}

interface ServeOptions extends Partial<Omit<ServerOptions, 'fabric'>> {
  /** The fabric itself. */
  readonly of?: TestFabricOptions
}

/** A real fabric in memory behind a real server on a free port. */
export async function serveFabric({ of = {}, ...options }: ServeOptions = {}): Promise<ServedFabric> {
  const { fabric, timing } = await openTestFabric({ witness: memoryStorage(), ...of })
  const faults: ServerFault[] = []
  const onFault = (fault: ServerFault) => {
    faults.push(fault)
  }
  const server = await startServer({ fabric, listen: '127.0.0.1:0', token: TOKEN, onFault, ...options })
  const transport = nodeTransport()
  const open = (rest: Partial<ConnectOptions> = {}) => connect({ url: server.url, token: TOKEN, transport, ...rest })
  return {
    fabric,
    server,
    timing,
    faults,
    client: open(),
    connect: open,
    request: (path, init = {}) => {
      const headers = new Headers(init.headers)
      if (!headers.has('authorization')) headers.set('authorization', `Bearer ${TOKEN}`)
      return fetch(server.url + path, { ...init, headers })
    },
    async [Symbol.asyncDispose]() {
      transport.close()
      await server.close()
      await fabric.close()
    },
  }
}

/** Resolves when `condition` holds; asks again after every turn of the event loop. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise(setImmediate)
}
