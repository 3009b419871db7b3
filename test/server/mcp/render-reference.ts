import type { Tool as ToolListing } from '@modelcontextprotocol/client'
import { OPERATION_LIST } from '../../../src/operations/table.js'
import type { ToolSet } from '../../../src/server/mcp/tool-set.js'

const BEGIN = '<!-- tools: begin -->'
const END = '<!-- tools: end -->'

const OTHERS = `With \`IFAB_TOOLS=all\` (stdio) or \`/mcp?tools=all\` (HTTP) there is a tool for every
other operation that the caller may call. Arguments and answers are those of the [operation](http.md), without \`as\`. Operations that answer a
secret, such as \`token.issue\`, are no tools.`

/** `docs/reference/mcp.md` with the part between its marks rendered anew. */
export function renderMcpReference(page: string, core: ToolSet, all: ToolSet): string {
  const begin = page.indexOf(BEGIN)
  const end = page.indexOf(END)
  if (begin < 0 || end < begin) throw new Error(`the page has no ${BEGIN} ... ${END}`)
  const overview = core.listings.map(
    (listing) => `| [\`${listing.name}\`](#${listing.name}) | ${listing.description} |`,
  )
  const others = all.listings.filter(({ name }) => !core.byName.has(name)).map(otherRow)
  const parts = [
    ['| tool | |', '| --- | --- |', ...overview].join('\n'),
    ...core.listings.map(renderTool),
    '## The tools for all operations',
    OTHERS,
    ['| tool | role | |', '| --- | --- | --- |', ...others].join('\n'),
  ]
  return `${page.slice(0, begin)}${BEGIN}\n\n${parts.join('\n\n')}\n\n${page.slice(end)}`
}

function otherRow({ name, description }: ToolListing): string {
  const role = OPERATION_LIST.find((row) => row.name.replace('.', '_') === name)?.role
  return `| \`${name}\` | ${role} | ${description} |`
}

function renderTool({ name, description, inputSchema, outputSchema, annotations }: ToolListing): string {
  const { properties = {}, required = [] } = inputSchema as Schema
  const rows = Object.entries(properties).map(
    ([field, schema]) =>
      `| \`${field}\` | ${typeOf(schema)} | ${needOf(schema, required.includes(field))} | ${noteOf(schema)} |`,
  )
  const answers = Object.entries((outputSchema as Schema).properties ?? {}).map(
    ([field, schema]) => `\`${field}\` (${typeOf(schema)}${schema.description ? `: ${schema.description}` : ''})`,
  )
  const effects = [
    annotations?.readOnlyHint && 'changes nothing',
    annotations?.destructiveHint && 'ends something',
    annotations?.idempotentHint && !annotations.readOnlyHint && 'may be repeated',
  ].filter((effect) => typeof effect === 'string')
  return [
    `### ${name}`,
    `${description}${effects.length === 0 ? '' : ` (${effects.join(', ')})`}`,
    ['| argument | | | |', '| --- | --- | --- | --- |', ...rows].join('\n'),
    `Answers ${answers.join(', ')}.`,
  ].join('\n\n')
}

interface Schema {
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Schema[]
  readonly items?: Schema
  readonly minimum?: number
  readonly maximum?: number
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
}

function noteOf({ description = '' }: Schema): string {
  return description
}

function needOf(schema: Schema, required: boolean): string {
  if (schema.default !== undefined) return `default \`${JSON.stringify(schema.default)}\``
  return required ? 'required' : ''
}

function typeOf({ type, enum: values, anyOf, items, minimum, maximum, properties }: Schema): string {
  if (anyOf !== undefined) return anyOf.map(typeOf).join(' or ')
  if (values !== undefined) return values.map((value) => `\`${value}\``).join(', ')
  if (type === 'string') return 'text'
  if (type === 'boolean') return 'true or false'
  if (type === 'integer') return maximum === undefined ? 'integer' : `integer from ${minimum} to ${maximum}`
  if (type === 'array' && items !== undefined) return `list: ${typeOf(items)}`
  if (properties === undefined) return String(type)
  return `{ ${Object.entries(properties)
    .map(([field, schema]) => `${field}: ${typeOf(schema)}`)
    .join('; ')} }`
}
