import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ConnectOptions, connect, type FabricClient } from '../../src/client/client.js'
import { nodeTransport } from '../../src/client/node-transport.js'
import type { Fabric } from '../../src/fabric/fabric.js'
import { type FabricOptions, openFabric } from '../../src/fabric/open.js'
import { FileJournal } from '../../src/journal/file/file-journal.js'
import type { RunningServer } from '../../src/server/app.js'
import { startServer } from '../../src/server/server.js'
import { openStorage } from '../../src/witness/storage.js'

const TOKEN = 'token-of-the-tests'

/** What a test may say about its fabric; by default it is as a user's. */
export type PlaceOptions = Pick<FabricOptions, 'governor' | 'timing'>

/** A durable fabric in a directory of its own, served over HTTP, as a user has it. */
export class Place {
  readonly #directory: string
  readonly #options: PlaceOptions
  readonly #transports: { close(): void }[] = []
  #fabric: Fabric
  #server: RunningServer

  private constructor(directory: string, options: PlaceOptions, fabric: Fabric, server: RunningServer) {
    this.#directory = directory
    this.#options = options
    this.#fabric = fabric
    this.#server = server
  }

  static async open(options: PlaceOptions = {}): Promise<Place> {
    const directory = await mkdtemp(join(tmpdir(), 'infrafabric-'))
    const fabric = await openIn(directory, options)
    return new Place(directory, options, fabric, await startServer({ fabric, listen: '127.0.0.1:0', token: TOKEN }))
  }

  get directory(): string {
    return this.#directory
  }

  get fabric(): Fabric {
    return this.#fabric
  }

  /** A client with connections of its own, at most that many. */
  connect(maxSockets?: number, options: Partial<ConnectOptions> = {}): FabricClient {
    const transport = nodeTransport(maxSockets)
    this.#transports.push(transport)
    return connect({ url: this.#server.url, token: TOKEN, transport, timeoutMs: 60_000, ...options })
  }

  /** Stops everything and starts it again on the same directory and port. */
  async restart(): Promise<void> {
    const listen = new URL(this.#server.url).host
    await this.#server.close()
    await this.#fabric.close()
    this.#fabric = await openIn(this.#directory, this.#options)
    this.#server = await startServer({ fabric: this.#fabric, listen, token: TOKEN })
  }

  async remove(): Promise<void> {
    for (const transport of this.#transports) transport.close()
    await this.#server.close()
    await this.#fabric.close()
    await rm(this.#directory, { recursive: true, force: true })
  }
}

/** The fabric of a data directory, with everything that a user's has. */
export function openIn(directory: string, options: PlaceOptions = {}): Promise<Fabric> {
  const open = async () => ({ storage: await openStorage(directory, failTest) })
  return openFabric({ journal: new FileJournal({ directory }), witness: { open }, report: failTest, ...options })
}

/** No test here expects a fault that nobody is told about. */
function failTest(error: unknown): void {
  throw error
}

/** Resolves when `condition` holds; asks again after every turn of the event loop. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise(setImmediate)
}
