import type { AddressInfo } from 'node:net'
import { createServer, type Socket } from 'node:net'

export interface Mail {
  readonly from: string
  readonly to: readonly string[]
  /** Header and body as they came, without the dots that SMTP adds. */
  readonly data: string
}

/** A command such as `RCPT`, `DATA`, or `END` of the data, and what is answered in place of success. */
export type Script = Readonly<Record<string, string | 'silence' | 'hang up'>>

/** As much of an SMTP server (RFC 5321) as a client needs. */
export class SmtpServer {
  readonly mails: Mail[] = []
  /** All that clients said, line by line, without the data. */
  readonly lines: string[] = []
  script: Script = {}
  extensions = ['AUTH PLAIN LOGIN', '8BITMIME']
  open = 0
  readonly #sockets = new Set<Socket>()
  /** Goes on talking when the client has hung up. */
  lingers = false
  readonly #server = createServer({ allowHalfOpen: true }, (socket) => this.#serve(socket))

  static async open(): Promise<SmtpServer> {
    const server = new SmtpServer()
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve))
    return server
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #serve(socket: Socket): void {
    this.open += 1
    this.#sockets.add(socket)
    socket.once('close', () => {
      this.open -= 1
      this.#sockets.delete(socket)
    })
    socket.on('error', () => {})
    socket.once('end', () => {
      if (this.lingers) talk(socket)
      else socket.end()
    })
    const session = new Session(this, (verb, answer) => {
      const scripted = this.script[verb] ?? answer
      if (scripted === 'hang up') socket.destroy()
      else if (scripted !== 'silence') socket.write(`${scripted}\r\n`)
    })
    let rest = ''
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\r\n')
      rest = lines.pop() ?? ''
      for (const line of lines) session.take(line)
    })
    session.greet()
  }
}

class Session {
  readonly #server: SmtpServer
  readonly #answer: (verb: string, answer: string) => void
  #from = ''
  #to: string[] = []
  #data: string[] | undefined
  /** Answers of LOGIN that are still to come. */
  readonly #prompts: string[] = []

  constructor(server: SmtpServer, answer: (verb: string, answer: string) => void) {
    this.#server = server
    this.#answer = answer
  }

  greet(): void {
    this.#answer('GREETING', '220 mail.example ready')
  }

  take(line: string): void {
    if (this.#data !== undefined) {
      this.#takeData(this.#data, line)
      return
    }
    this.#server.lines.push(line)
    // Whatever comes after a prompt is an answer to it.
    const verb = this.#prompts.shift() ?? line.split(' ')[0]?.toUpperCase() ?? ''
    if (/^AUTH LOGIN$/i.test(line)) this.#prompts.push('USER', 'AUTH')
    if (verb === 'MAIL') this.#from = addressIn(line)
    if (verb === 'RCPT') this.#to.push(addressIn(line))
    if (verb === 'DATA' && this.#server.script.DATA === undefined) this.#data = []
    this.#answer(this.#prompts.length === 2 ? 'LOGIN' : verb, this.#success(verb))
  }

  #success(verb: string): string {
    if (verb === 'EHLO') {
      const lines = ['mail.example', ...this.#server.extensions]
      return lines.map((text, at) => `250${at === lines.length - 1 ? ' ' : '-'}${text}`).join('\r\n')
    }
    if (this.#prompts.length > 0) return '334 VXNlcm5hbWU6'
    return SUCCESS[verb] ?? '250 ok'
  }

  #takeData(data: string[], line: string): void {
    if (line !== '.') return void data.push(line.replace(/^\./, ''))
    this.#data = undefined
    if (this.#server.script.END === undefined) {
      this.#server.mails.push({ from: this.#from, to: this.#to, data: data.join('\r\n') })
    }
    this.#answer('END', '250 taken')
  }
}

const SUCCESS: Readonly<Record<string, string>> = {
  AUTH: '235 welcome',
  DATA: '354 go on',
  QUIT: '221 bye',
  STARTTLS: '502 not here',
}

/** Until the other side says that it is gone. */
function talk(socket: Socket): void {
  if (!socket.destroyed) socket.write('421 are you there?\r\n', () => setImmediate(talk, socket))
}

function addressIn(line: string): string {
  return /<(.*)>/.exec(line)?.[1] ?? ''
}
