import { refuse, sendEvents } from './scripted-model.mjs'

/** The tools of our server among those of a client, which groups them by server. */
const NAMESPACE = 'mcp__infrafabric'

/** The Responses API, as far as Codex speaks it. */
export const openai = {
  turn: ({ method, path, body }) => {
    if (method !== 'POST' || path !== '/v1/responses') return undefined
    const ours = body.tools.find(({ name }) => name === NAMESPACE)
    return { tools: (ours?.tools ?? []).map(offered), result: answerIn(body) }
  },
  say: (response, step, id) => sendEvents(response, answer(itemOf(step, id), id)),
  other: ({ path }, response) => refuse(response, { error: { message: path } }),
}

function offered({ name, description, parameters: schema, defer_loading: deferred = false }) {
  return { name, description, schema, deferred }
}

/**
 * What came of the call of the turn before, or undefined where there was none. Codex writes above it how long it took,
 * and says to the model whether a call failed only in so far as its text does.
 */
function answerIn({ input }) {
  const { type, output } = input.at(-1)
  if (type !== 'function_call_output') return undefined
  const text = typeof output === 'string' ? output : JSON.stringify(output)
  return { text: text.replace(/^Wall time: .*\nOutput:\n/, '') }
}

function itemOf({ tool, input, text }, id) {
  if (text !== undefined) {
    return { type: 'message', id: `msg_${id}`, role: 'assistant', content: [{ type: 'output_text', text }] }
  }
  const call = { namespace: NAMESPACE, name: tool, arguments: JSON.stringify(input) }
  return { type: 'function_call', id: `fc_${id}`, call_id: `call_${id}`, ...call }
}

function answer(item, id) {
  const usage = { input_tokens: 1, input_tokens_details: null, output_tokens: 1, output_tokens_details: null }
  const response = { id: `resp_${id}` }
  return [
    { type: 'response.created', response },
    { type: 'response.output_item.done', output_index: 0, item },
    { type: 'response.completed', response: { ...response, usage: { ...usage, total_tokens: 2 } } },
  ]
}
