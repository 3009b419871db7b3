import { WebSocket } from 'ws'
import { LIMITS } from '../../model/limits.js'

/** Why a connection is closed by the server: codes of RFC 6455, and one of our own for what RFC 6750 answers with 401. */
export const CLOSE = { shuttingDown: 1001, notText: 1003, fault: 1011, tooSlow: 1013, tokenEnded: 4401 } as const

/** How long a client has to take what is on the way, with the reason at its end. */
const LINGER_MS = 5_000

/** What goes to one client. A client that does not take it is let go: it comes back and resumes. */
export class Outbox {
  readonly #socket: WebSocket
  #answered = true

  constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('pong', () => {
      this.#answered = true
    })
  }

  /** `onTaken` is called when the system has taken it, and never when the connection is lost before. */
  send(message: unknown, onTaken?: () => void): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return
    if (this.#socket.bufferedAmount > LIMITS.socketBufferBytes) {
      this.close(CLOSE.tooSlow, `More than ${LIMITS.socketBufferBytes} bytes are waiting. Connect again and resume.`)
      return
    }
    this.#socket.send(JSON.stringify(message), (error) => {
      if (error === undefined || error === null) onTaken?.()
    })
  }

  /** Asks whether the client is there. One that has not answered since it was asked last reads too slowly, or is gone. */
  beat(): void {
    if (!this.#answered) {
      this.close(CLOSE.tooSlow, 'A ping was not answered in time. Connect again and resume.')
      return
    }
    this.#answered = false
    this.#socket.ping()
  }

  /** At most 123 bytes of reason (RFC 6455). */
  close(code: number, reason: string): void {
    const socket = this.#socket
    if (socket.readyState !== WebSocket.OPEN) return
    socket.close(code, reason)
    const linger = setTimeout(() => socket.terminate(), LINGER_MS)
    socket.once('close', () => clearTimeout(linger))
  }
}
