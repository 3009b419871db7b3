import { completable, fromJsonSchema, McpServer, ResourceTemplate } from '@modelcontextprotocol/server'
import * as z from 'zod'
import { addAskingPrompt, addAskingTools, requestState } from './asking.mjs'

/** What the conformance suite expects of a server, for each request anew. */

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=='
const SOUND = 'UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA='
const STEP_MS = 20

export function fixtureServer() {
  // As those of a fabric, its lists never change.
  const fixed = { listChanged: false }
  const server = new McpServer(
    { name: 'infrafabric-conformance', version: '1.0.0' },
    { capabilities: { tools: fixed, resources: fixed, prompts: fixed, completions: {}, logging: {} }, requestState },
  )
  addTools(server)
  addAskingTools(server)
  addSchemaTools(server)
  addResources(server)
  addPrompts(server)
  addAskingPrompt(server)
  return server
}

function addTools(server) {
  const answer = (name, content) =>
    server.registerTool(name, { description: `Answers ${name}.`, inputSchema: z.object({}) }, async () => ({ content }))
  const image = { type: 'image', data: PIXEL, mimeType: 'image/png' }
  answer('test_simple_text', [text('This is a simple text response for testing.')])
  answer('test_image_content', [image])
  answer('test_audio_content', [{ type: 'audio', data: SOUND, mimeType: 'audio/wav' }])
  answer('test_embedded_resource', [
    embedded('test://embedded-resource', 'text/plain', 'This is an embedded resource content.'),
  ])
  answer('test_multiple_content_types', [
    text('Multiple content types test:'),
    image,
    embedded('test://mixed-content-resource', 'application/json', '{"test":"data","value":123}'),
  ])
  server.registerTool('test_error_handling', { description: 'Fails.', inputSchema: z.object({}) }, async () => ({
    content: [text('This tool intentionally returns an error for testing')],
    isError: true,
  }))
  server.registerTool(
    'test_tool_with_progress',
    { description: 'Tells how far it is.', inputSchema: z.object({}) },
    async (_, { mcpReq }) => {
      const progressToken = mcpReq._meta?.progressToken
      for (const progress of progressToken === undefined ? [] : [0, 50, 100]) {
        await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, total: 100 } })
        await pause()
      }
      return { content: [text('Done.')] }
    },
  )
  for (const name of ['test_tool_with_logging', 'test_logging_tool']) {
    server.registerTool(name, { description: 'Logs.', inputSchema: z.object({}) }, async (_, { mcpReq }) => {
      for (const step of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
        await mcpReq.log('info', step)
        await pause()
      }
      return { content: [text('Done.')] }
    })
  }
}

/** Schemas reach the client as they are, and headers of a request the server. */
function addSchemaTools(server) {
  const text = { type: 'string' }
  const person = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    $defs: { address: { $anchor: 'addressDef', type: 'object', properties: { street: text, city: text } } },
    properties: {
      name: text,
      address: { $ref: '#/$defs/address' },
      contactMethod: { type: 'string', enum: ['phone', 'email'] },
      phone: text,
      email: text,
    },
    allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
    if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema.
    then: { required: ['phone'] },
    else: { required: ['email'] },
    additionalProperties: false,
  }
  const place = {
    type: 'object',
    properties: { region: { type: 'string', 'x-mcp-header': 'Region' }, query: text },
    required: ['region'],
  }
  const schemas = { json_schema_2020_12_tool: person, test_header_tool: place }
  for (const [name, schema] of Object.entries(schemas)) {
    const inputSchema = fromJsonSchema(schema)
    server.registerTool(name, { description: 'Takes what its schema says.', inputSchema }, async () => ({
      content: [{ type: 'text', text: 'Done.' }],
    }))
  }
}

function addResources(server) {
  server.registerResource('static-text', 'test://static-text', { mimeType: 'text/plain' }, async ({ href: uri }) => ({
    contents: [{ uri, mimeType: 'text/plain', text: 'This is the content of the static text resource.' }],
  }))
  server.registerResource(
    'static-binary',
    'test://static-binary',
    { mimeType: 'image/png' },
    async ({ href: uri }) => ({
      contents: [{ uri, mimeType: 'image/png', blob: PIXEL }],
    }),
  )
  server.registerResource(
    'template',
    new ResourceTemplate('test://template/{id}/data', { list: undefined }),
    { mimeType: 'application/json' },
    async ({ href: uri }, { id }) => ({
      contents: [{ uri, mimeType: 'application/json', text: JSON.stringify({ id, data: `Data for ID: ${id}` }) }],
    }),
  )
}

function addPrompts(server) {
  const said = (...contents) => ({ messages: contents.map((content) => ({ role: 'user', content })) })
  server.registerPrompt('test_simple_prompt', { description: 'A simple prompt.' }, async () =>
    said(text('This is a simple prompt for testing.')),
  )
  const argument = () =>
    completable(z.string(), (value) => ['test', 'testing'].filter((word) => word.startsWith(value)))
  server.registerPrompt(
    'test_prompt_with_arguments',
    { description: 'A prompt with arguments.', argsSchema: z.object({ arg1: argument(), arg2: argument() }) },
    async ({ arg1, arg2 }) => said(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)),
  )
  server.registerPrompt(
    'test_prompt_with_embedded_resource',
    { description: 'A prompt with a resource.', argsSchema: z.object({ resourceUri: z.string() }) },
    async ({ resourceUri }) =>
      said(
        embedded(resourceUri, 'text/plain', 'Embedded resource content for testing.'),
        text('Please process the embedded resource above.'),
      ),
  )
  server.registerPrompt('test_prompt_with_image', { description: 'A prompt with an image.' }, async () =>
    said({ type: 'image', data: PIXEL, mimeType: 'image/png' }, text('Please analyze the image above.')),
  )
}

function text(words) {
  return { type: 'text', text: words }
}

function embedded(uri, mimeType, words) {
  return { type: 'resource', resource: { uri, mimeType, text: words } }
}

function pause() {
  return new Promise((resolve) => setTimeout(resolve, STEP_MS))
}
