import { PassThrough } from 'node:stream'
import type { Client, JSONRPCMessage } from '@modelcontextprotocol/client'
import type { Call } from '../../../src/cli/command.js'
import { type BridgeOptions, bridge } from '../../../src/cli/mcp/bridge.js'
import { Agent, type Revision } from '../../server/mcp/agent.js'
import { RecordingTerminal } from '../console.js'

type Transport = Parameters<Client['connect']>[0]

/** A client's end of two pipes. What is no message on a line of its own fails the test. */
class PipeTransport implements Transport {
  onmessage?: Transport['onmessage']
  onclose?: () => void
  onerror?: (error: Error) => void
  readonly #input: PassThrough
  readonly #output: PassThrough
  #rest = ''

  constructor(input: PassThrough, output: PassThrough) {
    this.#input = input
    this.#output = output
  }

  async start(): Promise<void> {
    this.#output.setEncoding('utf8').on('data', (text: string) => {
      const lines = (this.#rest + text).split('\n')
      this.#rest = lines.pop() ?? ''
      for (const line of lines) this.onmessage?.(JSON.parse(line) as JSONRPCMessage)
    })
  }

  async send(message: JSONRPCMessage): Promise<void> {
    this.#input.write(`${JSON.stringify(message)}\n`)
  }

  async close(): Promise<void> {
    this.#input.end()
    this.onclose?.()
  }
}

export interface BridgedAgent extends AsyncDisposable {
  readonly agent: Agent
  readonly terminal: RecordingTerminal
  /** Closes the client's end and waits until the bridge is gone. */
  end(): Promise<void>
}

export interface BridgeSetting {
  readonly data: string
  readonly env?: Readonly<Record<string, string>>
  readonly url?: string
  readonly options?: BridgeOptions
  readonly revision?: Revision
  readonly client?: string
}

/** `ifab mcp` in this process, with an agent at the other end. */
export async function bridged(setting: BridgeSetting): Promise<BridgedAgent> {
  const { data, env = {}, url, options = {}, revision = '2025-06-18', client = 'Test Agent' } = setting
  const terminal = new RecordingTerminal(env)
  const unused = () => Promise.reject(new Error('the bridge connects by itself and shows nothing'))
  const call: Call = { terminal, data, url, json: false, connect: unused, show: unused }
  const [input, output] = [new PassThrough(), new PassThrough()]
  const over = bridge(call, options, { input, output })
  const gone = over.then(() => Promise.reject(new Error('the bridge ended before its client was connected')))
  const agent = await Promise.race([Agent.connect(new PipeTransport(input, output), revision, client), gone])
  gone.catch(() => undefined)
  const end = async () => {
    await agent.client.close()
    await over
  }
  return { agent, terminal, end, [Symbol.asyncDispose]: end }
}
