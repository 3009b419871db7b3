import { randomBytes } from 'node:crypto'
import { CLIENT_CAPABILITIES_META_KEY, createRequestStateCodec, inputRequired } from '@modelcontextprotocol/server'
import * as z from 'zod'

/** Tools that ask the client, which those of a fabric never do: the questions and answers pass the same plumbing. */

const codec = createRequestStateCodec({ key: randomBytes(32) })
/** What the client carries back is checked before a tool sees it. */
export const requestState = { verify: codec.verify }

const name = ask('What is your name?', 'name')
const greeting = sample('Generate a greeting', 50)
const PREFIX = 'test_input_required_result_'

export function addAskingTools(server) {
  const add = (tool, answer) =>
    server.registerTool(tool, { description: `Asks: ${tool}.`, inputSchema: z.object({}) }, async (_, { mcpReq }) =>
      answer(mcpReq.inputResponses ?? {}, mcpReq),
    )
  const asks = (tool, inputRequests, said) => {
    const complete = (responses) => Object.keys(inputRequests).every((key) => key in responses)
    add(tool, (responses) => (complete(responses) ? done(said(responses)) : inputRequired({ inputRequests })))
  }
  asks(`${PREFIX}elicitation`, { user_name: name }, ({ user_name }) => `Hello, ${user_name.content?.name}!`)
  asks(`${PREFIX}sampling`, { capital_question: sample('What is the capital of France?', 100) }, (responses) =>
    JSON.stringify(responses.capital_question.content),
  )
  asks(`${PREFIX}list_roots`, { client_roots: inputRequired.listRoots() }, (responses) =>
    JSON.stringify(responses.client_roots.roots),
  )
  asks('test_streaming_elicitation', { user_name: name }, () => 'Done.')
  asks('test_missing_capability', { greeting }, () => 'Done.')
  addStatefulTools(add)
}

function addStatefulTools(add) {
  const confirm = inputRequired.elicit({
    message: 'Please confirm',
    requestedSchema: { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] },
  })
  for (const tool of ['request_state', 'tampered_state']) {
    add(`${PREFIX}${tool}`, async ({ confirm: answer }, { requestState }) =>
      answer !== undefined && requestState()?.step === 1
        ? done('state-ok')
        : inputRequired({ inputRequests: { confirm }, requestState: await codec.mint({ step: 1 }) }),
    )
  }
  const everything = { user_name: name, greeting, client_roots: inputRequired.listRoots() }
  add(`${PREFIX}multiple_inputs`, async (responses) =>
    Object.keys(everything).every((key) => key in responses)
      ? done('All of it.')
      : inputRequired({ inputRequests: everything, requestState: await codec.mint({ step: 1 }) }),
  )
  const steps = [ask('Step 1: What is your name?', 'name'), ask('Step 2: What is your favorite color?', 'color')]
  add(`${PREFIX}multi_round`, async (_, { requestState }) => {
    const step = requestState()?.step ?? 0
    if (step >= steps.length) return done('Both steps are done.')
    const inputRequests = { [`step${step + 1}`]: steps[step] }
    return inputRequired({ inputRequests, requestState: await codec.mint({ step: step + 1 }) })
  })
  add(`${PREFIX}capabilities`, (responses, { envelope }) => {
    if (Object.keys(responses).length > 0) return done('Done.')
    const { sampling, elicitation } = envelope?.[CLIENT_CAPABILITIES_META_KEY] ?? {}
    return inputRequired({ inputRequests: { ...(sampling && { greeting }), ...(elicitation && { user_name: name }) } })
  })
}

export function addAskingPrompt(server) {
  const user_context = ask('What context should the prompt use?', 'context')
  server.registerPrompt(`${PREFIX}prompt`, { description: 'Asks.' }, async ({ mcpReq: { inputResponses } }) => {
    const content = { type: 'text', text: `Context: ${inputResponses?.user_context?.content?.context}` }
    if (inputResponses?.user_context === undefined) return inputRequired({ inputRequests: { user_context } })
    return { messages: [{ role: 'user', content }] }
  })
}

function ask(message, field) {
  const requestedSchema = { type: 'object', properties: { [field]: { type: 'string' } }, required: [field] }
  return inputRequired.elicit({ message, requestedSchema })
}

function sample(text, maxTokens) {
  return inputRequired.createMessage({ messages: [{ role: 'user', content: { type: 'text', text } }], maxTokens })
}

function done(text) {
  return { content: [{ type: 'text', text }] }
}
