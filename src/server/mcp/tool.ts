import type { ToolAnnotations } from '@modelcontextprotocol/server'
import type * as z from 'zod'
import type { FabricOperations } from '../../client/client.js'

/** What a tool works with, whichever way the call came in. */
export interface ToolContext {
  readonly fabric: FabricOperations
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal
  /** The swarm that calls, as its token says. Throws FORBIDDEN where the caller is none. */
  swarm(): string
  /** Tells a client that asked for it how far a long call is: seconds of so many. */
  readonly progress?: (seconds: number, total: number) => Promise<void>
}

/** One tool. The schemas here are what a model reads; the operations behind it have the last word on every bound. */
export interface Tool<Input extends z.ZodObject = z.ZodObject, Output extends z.ZodType = z.ZodType> {
  readonly name: string
  readonly description: string
  readonly input: Input
  readonly output: Output
  /** What it does to the fabric, as clients ask before they run it. */
  readonly effect: Effect
  /** Whether a call may wait for long. */
  readonly waits?: boolean
  run(context: ToolContext, input: z.output<Input>): Promise<z.output<Output>>
}

/**
 * `repeat`: calling it twice is as good as once. `end`: it gives up or ends something. None of the tools reaches beyond
 * the fabric.
 */
type Effect = 'read' | 'repeat' | 'add' | 'end'

/** Gives `run` its types from the schemas beside it. */
export function tool<Input extends z.ZodObject, Output extends z.ZodType>(row: Tool<Input, Output>): Tool {
  return row as unknown as Tool
}

export function annotationsOf(effect: Effect): ToolAnnotations {
  return {
    readOnlyHint: effect === 'read',
    destructiveHint: effect === 'end',
    idempotentHint: effect === 'read' || effect === 'repeat',
    openWorldHint: false,
  }
}
