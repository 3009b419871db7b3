import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import * as z from 'zod'
import { CORE } from '../../../src/server/mcp/tool-set.js'
import type { ServedFabric } from '../../support/served-fabric.js'

/** The revisions that clients speak. */
export const REVISIONS = ['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'] as const
export type Revision = (typeof REVISIONS)[number]

/** What a tool answered. */
export interface Answer {
  readonly isError: boolean
  readonly value: Record<string, unknown>
  readonly text: string
}

export interface CallOptions {
  readonly signal?: AbortSignal
  readonly onprogress?: (progress: { progress: number; total?: number | undefined }) => void
}

/** The SDK's own client as an agent uses it. */
export class Agent implements AsyncDisposable {
  readonly client: Client

  private constructor(client: Client) {
    this.client = client
  }

  /** Over whatever `transport` reaches. */
  static async connect(
    transport: Parameters<Client['connect']>[0],
    revision: Revision,
    name = 'test-agent',
  ): Promise<Agent> {
    const modern = revision === '2026-07-28'
    const client = new Client(
      { name, version: '1.0.0' },
      modern ? { versionNegotiation: { mode: { pin: revision } } } : { supportedProtocolVersions: [revision] },
    )
    await client.connect(transport)
    return new Agent(client)
  }

  async call(name: string, input: Record<string, unknown> = {}, options: CallOptions = {}): Promise<Answer> {
    const result = await this.client.callTool({ name, arguments: input }, { timeout: 20_000, ...options })
    const [content] = result.content
    if (content?.type !== 'text') throw new Error(`${name} answered no text`)
    return {
      isError: result.isError === true,
      value: result.structuredContent as Record<string, unknown>,
      text: content.text,
    }
  }

  /** The answer of a call that must succeed. */
  async done(name: string, input: Record<string, unknown> = {}, options: CallOptions = {}) {
    const { isError, value, text } = await this.call(name, input, options)
    if (isError) throw new Error(`${name} failed: ${text}`)
    const schema = CORE.byName.get(name)?.output
    // What the tool promises, and nothing that it does not.
    if (schema instanceof z.ZodObject) z.strictObject(schema.shape).parse(value)
    return value
  }

  /** The failure of a call that must fail. */
  async refused(name: string, input: Record<string, unknown> = {}) {
    const { isError, value, text } = await this.call(name, input)
    if (!isError) throw new Error(`${name} was not refused: ${text}`)
    return value
  }

  async [Symbol.asyncDispose]() {
    await this.client.close()
  }
}

/** Registers a swarm and connects an agent with its token to `/mcp`. */
export async function agentOf(
  { client, server }: ServedFabric,
  swarm: string,
  { revision = '2026-07-28', query = '' }: { revision?: Revision; query?: string } = {},
): Promise<Agent> {
  await client.swarm.register({ swarm, capabilities: ['code:typescript'] })
  const { token } = await client.token.issue({ name: swarm })
  return Agent.connect(transportTo(server.url, token, query), revision)
}

export function transportTo(url: string, token: string, query = ''): StreamableHTTPClientTransport {
  const headers = { authorization: `Bearer ${token}` }
  return new StreamableHTTPClientTransport(new URL(`/mcp${query}`, url), { requestInit: { headers } })
}
