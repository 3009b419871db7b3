import { LIMITS } from '../../model/limits.js'
import { isLoopback } from '../../model/loopback.js'
import type { Timing } from '../../model/time.js'
import type { Method } from '../contract/contract.js'
import { findRight } from './allow.js'
import { type Connect, connectSocket, openConnection } from './connect.js'
import type { Egress, EgressAnswer, EgressContext, EgressUse, Right, SecretSource } from './egress.js'
import { type InjectedRequest, inject } from './inject.js'
import { type OutgoingRequest, readRequest } from './read-request.js'
import { redirected } from './redirect.js'
import { EgressRefusal } from './refusal.js'
import { requireSearchable } from './require-searchable.js'
import { nameServerResolve, type Resolve, systemResolve } from './resolve.js'
import { shownHeaders } from './response-headers.js'
import { Scrubber } from './scrub.js'
import { type HttpResponse, send } from './send.js'
import type { Target } from './target.js'
import { machineAddresses, type Vetting, vetAddresses } from './vet.js'

export interface EgressOptions {
  readonly secrets: SecretSource
  readonly timing: Timing
  /** Called with what was thrown by a fault in InfraFabric itself. Must not throw. */
  readonly report: (error: unknown) => void
  /** Called with why there is no secret. Must not throw. */
  readonly reportSecret?: (error: unknown) => void
  /** `host:port` of services inside that modules may be allowed. Their addresses need not be public. */
  readonly privateHosts?: readonly string[]
  /** Certificates of authorities that count instead of those that Node.js trusts, in PEM. */
  readonly ca?: string
  readonly resolve?: Resolve
  readonly connect?: Connect
  readonly ownAddresses?: () => readonly string[]
}

/** What one request has been through. */
interface Exchange {
  readonly context: EgressContext
  readonly signal: AbortSignal
  /** Secrets that were put into one of its hops: none of them may be in what comes back. */
  readonly secrets: string[]
}

/** Sends requests over HTTP/1.1, each over a connection of its own to an address that was vetted. */
export class HttpEgress implements Egress {
  readonly #options: EgressOptions
  readonly #vetting: Vetting
  readonly #connect: Connect

  constructor(options: EgressOptions) {
    this.#options = options
    this.#connect = options.connect ?? connectSocket
    this.#vetting = {
      resolve: options.resolve ?? nameServerResolve(),
      resolvePrivate: options.resolve ?? systemResolve,
      privateHosts: new Set(options.privateHosts),
      ownAddresses: options.ownAddresses ?? machineAddresses,
    }
  }

  async request(request: Uint8Array, context: EgressContext, signal: AbortSignal): Promise<EgressAnswer> {
    const ending = new AbortController()
    const cancel = () => ending.abort(new EgressRefusal('CANCELLED', 'The call of the module ended.'))
    signal.addEventListener('abort', cancel, { once: true })
    const cancelTimer = this.#options.timing.after(LIMITS.egressMs, () => ending.abort(timeout()))
    if (signal.aborted) cancel()
    try {
      return await this.#follow(readRequest(request), { context, signal: ending.signal, secrets: [] })
    } catch (error) {
      const { code, message } = this.#refusalOf(error)
      return { error: { code, message } }
    } finally {
      cancelTimer()
      signal.removeEventListener('abort', cancel)
    }
  }

  /** Each hop is checked as the first one is. */
  async #follow(first: OutgoingRequest, exchange: Exchange): Promise<EgressAnswer> {
    let request = first
    for (let redirects = 0; redirects <= LIMITS.egressRedirects; redirects += 1) {
      const response = await this.#hop(request, exchange)
      const scrubber = new Scrubber(exchange.secrets)
      const next = redirected(request, response)
      if (next === undefined) {
        const { status, headers, body } = response
        return { status, headers: shownHeaders(headers, scrubber), body: scrubber.bytes(body) }
      }
      if (scrubber.finds(response.headers.get('location') ?? '')) throw repeatedSecret()
      request = next
    }
    const message = `There were more than ${LIMITS.egressRedirects} redirects.`
    throw new EgressRefusal('TOO_MANY_REDIRECTS', message)
  }

  /** One request and its response, and the one word about them to `onUse`. */
  async #hop(request: OutgoingRequest, exchange: Exchange): Promise<HttpResponse> {
    const { host, port } = request.target
    const use = { host, port, method: request.method }
    let credential: Pick<EgressUse, 'credential'> = {}
    try {
      const right = findRight(exchange.context, request.target, request.method)
      credential = { credential: right.credential }
      const response = await this.#sendUnder(right, request, exchange)
      exchange.context.onUse({ ...use, ...credential, outcome: 'allowed', status: response.status })
      return response
    } catch (error) {
      // What broke because the time was over is not the other side's fault.
      const refusal = this.#refusalOf(exchange.signal.aborted ? exchange.signal.reason : error)
      if (refusal.cause !== undefined) this.#options.reportSecret?.(refusal.cause)
      const outcome = refusal.code === 'NOT_ALLOWED' || refusal.code === 'ADDRESS_REFUSED' ? 'refused' : 'failed'
      exchange.context.onUse({ ...use, ...credential, outcome, reason: refusal.code })
      throw refusal
    }
  }

  async #sendUnder(right: Right, request: OutgoingRequest, exchange: Exchange): Promise<HttpResponse> {
    const { signal, context } = exchange
    const { target, method } = request
    const addresses = await before(signal, vetAddresses(target, this.#vetting, signal))
    const { request: full, secrets } = await before(signal, this.#inject(right, request, signal))
    const socket = await openConnection(target, addresses, { ...this.#options, connect: this.#connect }, signal)
    try {
      requireSame(right, context, target, method)
    } catch (error) {
      socket.destroy()
      throw error
    }
    exchange.secrets.push(...secrets)
    const response = await send(socket, full, signal)
    const { inject: injection } = right.endpoint
    // RFC 9110, section 15.5.2: the secret was not taken. It may have been rotated.
    if (response.status === 401 && injection !== undefined) this.#options.secrets.forget?.(injection.name)
    if (exchange.secrets.length > 0) requireSearchable(response)
    return response
  }

  async #inject({ endpoint }: Right, request: OutgoingRequest, signal: AbortSignal): Promise<InjectedRequest> {
    if (endpoint.inject === undefined) return { request, secrets: [] }
    const { scheme, host } = request.target
    if (scheme !== 'https' && !isLoopback(host)) {
      throw new EgressRefusal('NOT_ALLOWED', 'A secret is sent over https only. Issue the credential for https.')
    }
    return inject(request, endpoint.inject, this.#options.secrets, signal)
  }

  #refusalOf(error: unknown): EgressRefusal {
    if (error instanceof EgressRefusal) return error
    this.#options.report(error)
    return new EgressRefusal('INTERNAL', 'A fault in InfraFabric. Tell the operator of the fabric.')
  }
}

/** Finding the host, the secret and the connection takes time, in which a credential may end. */
function requireSame(right: Right, context: EgressContext, target: Target, method: Method): void {
  if (findRight(context, target, method).credential === right.credential) return
  throw new EgressRefusal('NOT_ALLOWED', 'The credential ended before the request was sent. Send it again.')
}

/** Gives up waiting when the time is over; what goes on until then is of no use any more. */
function before<Value>(signal: AbortSignal, work: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const end = () => reject(signal.reason)
    if (signal.aborted) end()
    signal.addEventListener('abort', end, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', end))
  })
}

function timeout(): EgressRefusal {
  return new EgressRefusal('TIMEOUT', `There was no whole response within ${LIMITS.egressMs / 1_000} seconds.`)
}

function repeatedSecret(): EgressRefusal {
  const message = 'The response cannot be used. It repeats the secret of the request in the place that it leads to.'
  return new EgressRefusal('BAD_RESPONSE', message)
}
