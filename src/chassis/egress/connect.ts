import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { LIMITS } from '../../model/limits.js'
import type { Timing } from '../../model/time.js'
import { EgressRefusal } from './refusal.js'
import type { Target } from './target.js'

/** Begins to connect to an address, which is no name. */
export type Connect = (address: string, port: number) => Socket

/** There is no name in it, so nothing is resolved on the way. */
export const connectSocket: Connect = (address, port) => connectTcp({ host: address, port })

export interface Connecting {
  readonly connect: Connect
  readonly timing: Timing
  /** Certificates of authorities that count instead of those that Node.js trusts, in PEM. */
  readonly ca?: string
}

/**
 * A connection to the first of the addresses that answers, over TLS and with its certificate verified for the name where
 * the scheme is https. Nothing has been sent then. Throws UNREACHABLE.
 */
export async function openConnection(
  target: Target,
  addresses: readonly string[],
  options: Connecting,
  signal: AbortSignal,
): Promise<Socket> {
  for (const address of addresses) {
    const socket = await tryAddress(address, target.port, options, signal)
    if (socket !== undefined) return target.scheme === 'https' ? secure(socket, target, options, signal) : socket
    if (signal.aborted) break
  }
  throw new EgressRefusal('UNREACHABLE', `Nothing answers at ${target.host}:${target.port}.`)
}

async function tryAddress(
  address: string,
  port: number,
  { connect, timing }: Connecting,
  signal: AbortSignal,
): Promise<Socket | undefined> {
  const socket = connect(address, port)
  const cancelTimer = timing.after(LIMITS.egressConnectMs, () => socket.destroy(new Error('No connection in time.')))
  try {
    await ready(socket, 'connect', signal)
    return socket
  } catch {
    return undefined
  } finally {
    cancelTimer()
  }
}

async function secure(
  socket: Socket,
  { host, port }: Target,
  { ca }: Connecting,
  signal: AbortSignal,
): Promise<Socket> {
  const secured = connectTls({
    socket,
    servername: host,
    ALPNProtocols: ['http/1.1'],
    minVersion: 'TLSv1.2',
    // Whatever NODE_TLS_REJECT_UNAUTHORIZED says.
    rejectUnauthorized: true,
    ...(ca !== undefined && { ca }),
  })
  try {
    await ready(secured, 'secureConnect', signal)
    return secured
  } catch {
    socket.destroy()
    const fix = 'Check that its certificate is valid for this name.'
    throw new EgressRefusal('UNREACHABLE', `There is no secure connection to ${host}:${port}. ${fix}`)
  }
}

/** Throws when the socket fails before, and destroys it then. */
async function ready(socket: Socket, event: 'connect' | 'secureConnect', signal: AbortSignal): Promise<void> {
  const waiting = new AbortController()
  const end = () => socket.destroy(new Error('The request ended.'))
  signal.addEventListener('abort', end, { once: true })
  // Whoever uses it listens as well; in between nobody does, and an error that nobody hears ends the process.
  socket.on('error', () => {})
  // One that closes without an error would never be ready.
  socket.once('close', () => waiting.abort())
  try {
    if (signal.aborted) end()
    await once(socket, event, { signal: waiting.signal })
  } catch (error) {
    socket.destroy()
    throw error
  } finally {
    signal.removeEventListener('abort', end)
  }
}
