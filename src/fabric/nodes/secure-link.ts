import { hkdfSync } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Agent, createServer, type RequestOptions, request as sendHttps } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import type { Member } from '../../journal/membership.js'
import { asFabricError, FabricError, isErrorCode } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'
import {
  type AnswerNode,
  type NodeAnswer,
  type NodeLink,
  type NodeRequest,
  noAnswer,
  notLeading,
  unreachable,
} from './link.js'

export interface SecureLinkOptions {
  /** Shared by all nodes of the fabric, and by nobody else. */
  readonly secret: Uint8Array
  readonly id: string
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** Told about faults that no caller is waiting for. */
  readonly report: (error: unknown) => void
}

/**
 * TLS 1.2 with a pre-shared key (RFC 4279) and ephemeral Diffie-Hellman (RFC 5489, RFC 7905): both sides prove that they have
 * the secret, and whoever learns it later can read nothing that was said before.
 */
const TLS = {
  ciphers: 'ECDHE-PSK-CHACHA20-POLY1305',
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.2',
} as const
/** Connections to one other node; requests beyond them queue. */
const MAX_SOCKETS = 64
/** How long a close waits for answers on their way, milliseconds. */
const CLOSE_PATIENCE_MS = 1_000
const PSK_BYTES = 32

/** Talks to other nodes over HTTP in TLS, which has no certificates: having the secret of the nodes is what admits. */
export class SecureLink implements NodeLink {
  readonly port: number
  readonly #key: Buffer
  readonly #id: string
  readonly #agent: Agent
  readonly #server: ReturnType<typeof createServer>
  readonly #answering = new Set<Promise<void>>()
  #answer: AnswerNode | undefined

  private constructor(options: SecureLinkOptions, server: ReturnType<typeof createServer>) {
    this.#id = options.id
    this.#key = keyOf(options.secret)
    this.#agent = new Agent({ keepAlive: true, maxSockets: MAX_SOCKETS, scheduling: 'lifo' })
    this.#server = server
    this.port = (server.address() as AddressInfo).port
    server.on('request', (request, response) => {
      const answering = this.#respond(request, response).catch(options.report)
      this.#answering.add(answering)
      void answering.finally(() => this.#answering.delete(answering))
    })
  }

  /** Listens for the other nodes. Throws INVALID_ARGUMENT when it cannot. */
  static async listen(options: SecureLinkOptions): Promise<SecureLink> {
    const key = keyOf(options.secret)
    const server = createServer({ ...TLS, pskCallback: () => key })
    server.maxConnections = LIMITS.nodeConnections
    // A stranger at the door is nothing that this machine has to mend.
    server.on('tlsClientError', (_error, socket) => socket.destroy())
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => {
        const message = `Cannot listen for other nodes on ${options.host}:${options.port}: ${error.code}. Name another place with --node-listen.`
        reject(
          new FabricError('INVALID_ARGUMENT', message, { field: 'node-listen', reason: error.code }, { cause: error }),
        )
      })
      server.listen(options.port, options.host, resolve)
    })
    server.removeAllListeners('error').on('error', options.report)
    return new SecureLink(options, server)
  }

  serve(answer: AnswerNode): void {
    this.#answer = answer
  }

  ask(node: Member, request: NodeRequest, timeoutMs: number): Promise<NodeAnswer> {
    const { host, port } = splitAddress(node.link)
    const body = JSON.stringify(request)
    return new Promise((resolve, reject) => {
      let wasSent = false
      const fail = (cause: unknown) => reject(wasSent ? noAnswer(node, cause) : unreachable(node, cause))
      const secured: RequestOptions & Pick<ConnectionOptions, 'pskCallback'> = {
        ...TLS,
        ...{ host, port, method: 'POST', path: '/', agent: this.#agent, signal: AbortSignal.timeout(timeoutMs) },
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
        pskCallback: () => ({ psk: this.#key, identity: this.#id }),
        // The key says who it is.
        checkServerIdentity: () => undefined,
      }
      const outgoing = sendHttps(secured)
      outgoing.once('socket', (socket) => {
        const tls = socket as TLSSocket
        if (tls.getPeerFinished() !== undefined) wasSent = true
        else tls.once('secureConnect', () => (wasSent = true))
      })
      outgoing.once('error', fail)
      outgoing.once('response', (incoming) => {
        readText(incoming, Number.POSITIVE_INFINITY)
          .then((text) => resolve(readAnswer(text)), fail)
          .catch(reject)
      })
      outgoing.end(body)
    })
  }

  async close(): Promise<void> {
    this.#answer = undefined
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#server.closeIdleConnections()
    const patience = new Promise<void>((resolve) => setTimeout(resolve, CLOSE_PATIENCE_MS).unref())
    await Promise.race([Promise.all(this.#answering), patience])
    this.#server.closeAllConnections()
    this.#agent.destroy()
    await closed
  }

  async #respond(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    let body: string
    try {
      const request = JSON.parse(await readText(incoming, LIMITS.nodeRequestBytes)) as NodeRequest
      if (this.#answer === undefined) throw notLeading()
      body = JSON.stringify(await this.#answer(request))
    } catch (error) {
      body = JSON.stringify({ error: asFabricError(error).report() })
    }
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
    response.end(body)
  }
}

function keyOf(secret: Uint8Array): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', 'infrafabric node link v1', PSK_BYTES))
}

async function readText(incoming: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxBytes)
      throw new FabricError('INVALID_ARGUMENT', `A request of a node has at most ${maxBytes} bytes.`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function readAnswer(text: string): NodeAnswer {
  const told = JSON.parse(text) as NodeAnswer & { readonly error?: { code: unknown; message: string; details: object } }
  if (told.error === undefined) return told
  const { code, message, details } = told.error
  throw new FabricError(isErrorCode(code) ? code : 'UNAVAILABLE', message, { ...details })
}

/** Throws INVALID_ARGUMENT for what is not `HOST:PORT`; an IPv6 address stands in brackets. */
export function splitAddress(address: string): { readonly host: string; readonly port: number } {
  const [, host = '', port = ''] = /^(.+):(\d{1,5})$/.exec(address) ?? []
  const number = Number(port)
  if (host !== '' && number <= 65_535) return { host: host.replace(/^\[(.*)\]$/, '$1'), port: number }
  throw new FabricError('INVALID_ARGUMENT', `${address} is no address. Write HOST:PORT, such as 10.0.0.5:7421.`, {
    field: 'node-listen',
  })
}
