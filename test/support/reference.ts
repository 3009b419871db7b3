import * as z from 'zod'
import type { NamedOperation } from '../../src/operations/table.js'
import { describeType } from '../../src/server/openapi/describe-type.js'
import { COMMON_STATUSES, statusesOf } from '../../src/server/openapi/problems.js'

/** `src/client/routes.ts`: what a client must know of the table without loading schemas and the fabric behind them. */
export function renderRoutes(operations: readonly NamedOperation[]): string {
  const resources = new Set(operations.map(({ name }) => resourceOf(name)))
  const body = [...resources].map((resource) => {
    const rows = operations.filter(({ name }) => resourceOf(name) === resource)
    const lines = rows.map(
      ({ name, method, path, keyed }) =>
        `    ${name.slice(resource.length + 1)}: { method: '${method}', path: '${path}', keyed: ${keyed} },`,
    )
    return `  ${resource}: {\n${lines.join('\n')}\n  },`
  })
  return `import type { Route } from './call.js'
import type { Resource, Verb } from './operation-types.js'

/** Generated from the operations table by \`npm run generate\`. Do not edit. */
export const ROUTES = {
${body.join('\n')}
} as const satisfies { readonly [R in Resource]: { readonly [V in Verb<R>]: Route } }
`
}

const BEGIN = '<!-- operations: begin -->'
const END = '<!-- operations: end -->'

/** `docs/reference/http.md` with the part between its marks rendered anew. */
export function renderHttpReference(page: string, operations: readonly NamedOperation[]): string {
  const begin = page.indexOf(BEGIN)
  const end = page.indexOf(END)
  if (begin < 0 || end < begin) throw new Error(`the page has no ${BEGIN} ... ${END}`)
  const rows = operations.map(
    ({ name, method, path, role, summary }) =>
      `| [\`${name}\`](#${name.replaceAll('.', '')}) | \`${method} ${path}\` | ${role} | ${summary} |`,
  )
  const overview = ['| operation | request | role | |', '| --- | --- | --- | --- |', ...rows].join('\n')
  const sections = operations.map(renderOperation).join('\n\n')
  return `${page.slice(0, begin)}${BEGIN}\n\n${overview}\n\n${sections}\n\n${page.slice(end)}`
}

function renderOperation(operation: NamedOperation): string {
  const { name, method, path, role, summary, input, output, example, keyed } = operation
  const { properties = {}, required = [] } = schemaOf(input)
  const inPath = path.split('/').flatMap((segment) => (segment.startsWith(':') ? [segment.slice(1)] : []))
  const fields = Object.entries(properties).map(([field, schema]) => {
    const need = inPath.includes(field) ? 'path' : required.includes(field) ? 'required' : defaultOf(schema)
    return `| \`${field}\` | ${describeType(schema as z.core.JSONSchema.JSONSchema)} | ${need} |`
  })
  const table = fields.length === 0 ? [] : [['| field | | |', '| --- | --- | --- |', ...fields].join('\n')]
  const answer = Object.entries(schemaOf(output).properties ?? {}).map(([field]) => `\`${field}\``)
  return [
    `### ${name}`,
    summary + (keyed ? ' Send an `Idempotency-Key` when you may repeat it.' : ''),
    ...table,
    `Answers ${answer.join(', ')}.`,
    `Least role: \`${role}\`. ${refusalsOf(operation)}`,
    `\`\`\`http\n${renderExample(method, path, { ...example })}\n\`\`\``,
  ].join('\n\n')
}

function refusalsOf(operation: NamedOperation): string {
  const own = statusesOf(operation).filter((status) => !COMMON_STATUSES.includes(status))
  return own.length === 0 ? 'Refused only as every request may be.' : `Refused also with ${own.join(', ')}.`
}

function renderExample(method: string, path: string, rest: Record<string, unknown>): string {
  const filled = path.replace(/:(\w+)/g, (_, field: string) => {
    const value = String(rest[field])
    delete rest[field]
    return encodeURIComponent(value)
  })
  if (method !== 'GET') return `${method} ${filled}\ncontent-type: application/json\n\n${JSON.stringify(rest)}`
  const query = new URLSearchParams()
  for (const [field, value] of Object.entries(rest)) query.set(field, String(value))
  return query.size === 0 ? `GET ${filled}` : `GET ${filled}?${query}`
}

function schemaOf(schema: z.ZodType): z.core.JSONSchema.JSONSchema {
  return z.toJSONSchema(schema, { io: 'input' })
}

function defaultOf(schema: z.core.JSONSchema._JSONSchema): string {
  return typeof schema === 'object' && schema.default !== undefined
    ? `default \`${JSON.stringify(schema.default)}\``
    : ''
}

function resourceOf(name: string): string {
  return name.slice(0, name.indexOf('.'))
}
