import { setTimeout as sleep } from 'node:timers/promises'
import { type ChannelCredentials, Client, type ClientDuplexStream, credentials, Metadata } from '@grpc/grpc-js'
import { FabricError } from '../../model/errors.js'
import { readNamedFile } from '../named-file.js'
import { closed } from '../refusal.js'
import { failureOf, refused, unreachable } from './failure.js'
import type { EtcdAccess } from './options.js'
import { type Calls, methodOf, type Streams } from './protocol.js'

/** How long one attempt of a call waits for its answer. A call that etcd queues longer is asked again, which does no harm. */
const ATTEMPT_MS = 3_000
const FIRST_PAUSE_MS = 50
const LAST_PAUSE_MS = 1_000
/** Answers may hold many records. */
const ANSWER_BYTES = 256 * 1024 * 1024

/** Each client has a connection of its own, so that a new one does not wait as long as a broken one has to. */
const CHANNEL = {
  'grpc.use_local_subchannel_pool': 1,
  'grpc.enable_http_proxy': 0,
  'grpc.enable_retries': 0,
  'grpc.initial_reconnect_backoff_ms': FIRST_PAUSE_MS,
  'grpc.max_receive_message_length': ANSWER_BYTES,
  'grpc.max_send_message_length': -1,
}

/** How long a call may be tried, and what ends it before. */
export interface Patience {
  /** By `performance.now()`. */
  readonly until: number
  readonly signal?: AbortSignal | undefined
}

/**
 * Calls a cluster through one member at a time, and through the next when that one does not answer. Every call here may be
 * repeated without harm: it only reads, or names what it is to find or leave behind.
 */
export class Connection {
  readonly #access: EtcdAccess
  readonly #credentials: ChannelCredentials
  readonly #login: Login | undefined
  readonly #end = new AbortController()
  #position = 0
  #client: Client
  #token: string | undefined

  private constructor(access: EtcdAccess, trust: ChannelCredentials, login: Login | undefined) {
    this.#access = access
    this.#credentials = trust
    this.#login = login
    this.#client = this.#connect()
  }

  /** Reads what the options name; connects with the first call. Throws INVALID_ARGUMENT. */
  static async open(access: EtcdAccess): Promise<Connection> {
    const { caFile, certificateFile, keyFile, credentialsFile } = access
    const files = [caFile, certificateFile, keyFile, credentialsFile].map(readNamedFile)
    const [ca, certificate, key, login] = await Promise.all(files)
    const encrypted = access.tls === true || ca !== undefined || certificate !== undefined
    const [bytesOfCa, bytesOfKey, chain] = [ca, key, certificate].map((text) =>
      text === undefined ? null : Buffer.from(text),
    )
    const trust = encrypted ? credentials.createSsl(bytesOfCa, bytesOfKey, chain) : credentials.createInsecure()
    return new Connection(access, trust, login === undefined ? undefined : parseLogin(login, credentialsFile))
  }

  /**
   * Calls until a member answers. Throws UNAVAILABLE when none does in time, what `signal` was aborted with, and the refusal
   * when etcd refuses.
   */
  async call<Name extends keyof Calls>(
    name: Name,
    request: Calls[Name]['request'],
    patience: Patience,
  ): Promise<Calls[Name]['response']> {
    const signal = AbortSignal.any([this.#end.signal, ...(patience.signal === undefined ? [] : [patience.signal])])
    let pause = FIRST_PAUSE_MS
    let strange = false
    for (;;) {
      signal.throwIfAborted()
      const client = this.#client
      try {
        const metadata = await this.#metadata(client, patience.until, signal)
        return await ask(client, name, request, metadata, patience.until, signal)
      } catch (error) {
        signal.throwIfAborted()
        const failure = failureOf(error)
        if (failure === 'refused' || (failure === 'stranger' && strange)) throw refused(error)
        if (failure === 'stranger') {
          strange = true
          this.#token = undefined
          continue
        }
        this.leave(client)
        if (performance.now() + pause >= patience.until) throw unreachable(this.#access.servers, error)
      }
      await sleep(pause, undefined, { signal }).catch(() => undefined)
      pause = Math.min(2 * pause, LAST_PAUSE_MS)
    }
  }

  /** Opens a stream to the member in use; `leave` tells what became of it when it fails. */
  async stream<Name extends keyof Streams>(
    name: Name,
    patience: Patience,
  ): Promise<{ readonly client: Client; readonly stream: StreamOf<Name> }> {
    this.#end.signal.throwIfAborted()
    const client = this.#client
    const metadata = await this.#metadata(client, patience.until, this.#end.signal)
    const { path, requestSerialize, responseDeserialize } = methodNamed(name)
    const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata)
    // Whoever cancels a stream hears of it as an error.
    stream.on('error', () => {})
    return { client, stream: stream as unknown as StreamOf<Name> }
  }

  /** Goes on to the next member, when `client` is still the one in use: it did not answer. */
  leave(client: Client): void {
    if (client !== this.#client || this.#end.signal.aborted) return
    client.close()
    this.#position = (this.#position + 1) % this.#access.servers.length
    this.#client = this.#connect()
  }

  /** Forgets who etcd took this process for; the next call says so anew. */
  forgetToken(): void {
    this.#token = undefined
  }

  /** Ends every call with UNAVAILABLE. */
  close(): void {
    this.#end.abort(closed())
    this.#client.close()
  }

  #connect(): Client {
    return new Client(this.#access.servers[this.#position] ?? '', this.#credentials, CHANNEL)
  }

  /** A member that has lost the majority is to say so at once. */
  async #metadata(client: Client, until: number, signal: AbortSignal): Promise<Metadata> {
    const metadata = new Metadata()
    metadata.set('hasleader', 'true')
    if (this.#login === undefined) return metadata
    this.#token ??= (await ask(client, 'Auth.Authenticate', this.#login, metadata, until, signal)).token
    metadata.set('token', this.#token)
    return metadata
  }
}

export type StreamOf<Name extends keyof Streams> = ClientDuplexStream<
  Streams[Name]['request'],
  Streams[Name]['response']
>

interface Login {
  readonly name: string
  readonly password: string
}

function parseLogin(text: string, path = ''): Login {
  const [, name, password] = /^([^:\r\n]+):(.+?)\r?\n?$/.exec(text) ?? []
  if (name !== undefined && password !== undefined) return { name, password }
  throw new FabricError('INVALID_ARGUMENT', `${path} must hold one line: user:password.`, { path })
}

function methodNamed(name: string) {
  const [service, method] = name.split('.') as [Parameters<typeof methodOf>[0], string]
  return methodOf(service, method)
}

function ask<Name extends keyof Calls>(
  client: Client,
  name: Name,
  request: Calls[Name]['request'],
  metadata: Metadata,
  until: number,
  signal: AbortSignal,
): Promise<Calls[Name]['response']> {
  const { path, requestSerialize, responseDeserialize } = methodNamed(name)
  const deadline = Date.now() + Math.max(1, Math.min(ATTEMPT_MS, until - performance.now()))
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, response?: object) => {
      signal.removeEventListener('abort', cancel)
      if (error === null) resolve(response as Calls[Name]['response'])
      else reject(error)
    }
    const call = client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      metadata,
      { deadline },
      done,
    )
    const cancel = () => call.cancel()
    signal.addEventListener('abort', cancel, { once: true })
  })
}
