import { refuse, sendEvents } from './scripted-model.mjs'

/** The tools of our server among those of a client. */
const PREFIX = 'mcp__infrafabric__'

/** The Messages API, as far as Claude Code speaks it. */
export const anthropic = {
  turn: ({ method, path, body }) => {
    // It also asks for titles and summaries, without any tools.
    if (method !== 'POST' || path !== '/v1/messages' || (body.tools ?? []).length === 0) return undefined
    return { tools: body.tools.filter(({ name }) => name?.startsWith(PREFIX)).map(offered), result: answerIn(body) }
  },
  say: (response, step, id) => sendEvents(response, message(blockOf(step, id), id)),
  other: ({ path, body }, response) => {
    if (path === '/v1/messages' && body?.stream === true) {
      sendEvents(response, message(blockOf({ text: 'Nothing.' }), 'other'))
    } else refuse(response, { type: 'error', error: { type: 'not_found_error', message: path } })
  },
}

function offered({ name, description, input_schema: schema, defer_loading: deferred = false }) {
  return { name: name.slice(PREFIX.length), description, schema, deferred }
}

/** What came of the call of the turn before, or undefined where there was none. */
function answerIn({ messages }) {
  const { content } = messages.findLast(({ role }) => role === 'user')
  const block = Array.isArray(content) ? content.find(({ type }) => type === 'tool_result') : undefined
  if (block === undefined) return undefined
  const text = typeof block.content === 'string' ? block.content : block.content.map(({ text }) => text).join('')
  return { text, isError: block.is_error === true }
}

/** A block of content: how it begins, and its one delta. */
function blockOf({ tool, input, text }, id) {
  if (text !== undefined)
    return [
      { type: 'text', text: '' },
      { type: 'text_delta', text },
    ]
  return [
    { type: 'tool_use', id: `toolu_${id}`, name: PREFIX + tool, input: {} },
    { type: 'input_json_delta', partial_json: JSON.stringify(input) },
  ]
}

function message([block, delta], id) {
  const usage = { input_tokens: 1, output_tokens: 1 }
  const head = { id: `msg_${id}`, type: 'message', role: 'assistant', model: 'scripted', content: [] }
  const stop = { stop_reason: block.type === 'tool_use' ? 'tool_use' : 'end_turn', stop_sequence: null }
  return [
    { type: 'message_start', message: { ...head, stop_reason: null, stop_sequence: null, usage } },
    { type: 'content_block_start', index: 0, content_block: block },
    { type: 'content_block_delta', index: 0, delta },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: stop, usage },
    { type: 'message_stop' },
  ]
}
