import type { CallToolResult } from '@modelcontextprotocol/server'
import type { FabricError } from '../../model/errors.js'
import { HINTS } from './hints.js'

/** Answers are the same object twice: structured for programs, as text for the model. */
export function success(value: unknown): CallToolResult {
  const structuredContent = value as Record<string, unknown>
  return { content: [{ type: 'text', text: JSON.stringify(value) }], structuredContent }
}

/** What went wrong, who holds the task where somebody does, and what to do next. */
export function failure({ code, message, retryable, details }: FabricError): CallToolResult {
  const { holder, ...rest } = details
  const report = {
    code,
    message,
    retryable,
    hint: HINTS[code],
    ...(holder !== undefined && { holder }),
    ...(Object.keys(rest).length > 0 && { details: rest }),
  }
  return { ...success(report), isError: true }
}
