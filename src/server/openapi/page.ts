import { curl } from './curl.js'
import { describeType } from './describe-type.js'
import { escapeHtml, prose } from './html.js'
import { STYLE } from './page-style.js'
import type {
  OpenApiDocument,
  OperationObject,
  Parameter,
  Reference,
  RequestBody,
  ResponseObject,
  Schema,
} from './types.js'

export { STYLE }

/** One operation with its place. */
interface Entry {
  readonly method: string
  readonly path: string
  readonly operation: OperationObject
}

/** The document as one HTML page that needs no script and nothing from elsewhere. */
export function renderPage(document: OpenApiDocument): string {
  const entries = entriesOf(document)
  const groups = document.tags.map((tag) => ({
    ...tag,
    entries: entries.filter(({ operation }) => operation.tags.includes(tag.name)),
  }))
  const { title, version, description } = document.info
  const links = groups.map(
    ({ name, entries }) => `<h2>${escapeHtml(name)}</h2><ul>${entries.map(navItem).join('')}</ul>`,
  )
  const sections = groups.map(
    ({ name, description, entries }) =>
      `<section><h2 id="${escapeHtml(name)}">${escapeHtml(name)}</h2>${prose(description)}` +
      `${entries.map((entry) => article(document, entry)).join('')}</section>`,
  )
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(String(title))} API</title><link rel="icon" href="data:,"><style>${STYLE}</style></head>
<body><div class="page"><nav aria-label="Operations"><a href="/openapi.json">openapi.json</a>${links.join('')}
<h2>Schemas</h2><ul>${Object.keys(document.components.schemas).map(schemaLink).join('')}</ul></nav>
<main><h1>${escapeHtml(String(title))} API <span class="dim">${escapeHtml(String(version))}</span></h1>
${prose(String(description))}
<section>${headerTable(document)}</section>
${sections.join('\n')}
<section><h2>Schemas</h2>${Object.entries(document.components.schemas).map(schemaArticle).join('')}</section>
</main></div></body></html>
`
}

function entriesOf({ paths }: OpenApiDocument): Entry[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  )
}

function navItem({ operation: { operationId } }: Entry): string {
  return `<li><a href="#${operationId}">${operationId}</a></li>`
}

function article(document: OpenApiDocument, entry: Entry): string {
  const { method, path, operation } = entry
  const role = operation['x-role'] ?? 'open'
  return `<article id="${operation.operationId}">
<h3><span class="method ${method.toLowerCase()}">${method}</span> <span class="path">${escapeHtml(path)}</span>
<span class="id">${operation.operationId}</span> <span class="role">${role}</span></h3>
${prose(operation.description)}
${fieldTable(document, operation)}
<pre>${escapeHtml(curl(document, entry))}</pre>
${answer(operation)}
${refusals(document, operation)}
</article>`
}

interface Field {
  readonly name: string
  readonly place: string
  readonly schema: Schema
  readonly need: string
  readonly text: string
}

function fieldTable(document: OpenApiDocument, operation: OperationObject): string {
  const parameters = (operation.parameters ?? []).flatMap((parameter): Field[] => {
    if ('$ref' in parameter) return []
    const { name, in: place, schema, required, description } = parameter
    return [{ name, place, schema, need: need(schema, required === true), text: description }]
  })
  const headers = (operation.parameters ?? [])
    .filter((parameter) => '$ref' in parameter)
    .map((parameter) => `<a href="#headers"><code>${resolve<Parameter>(document, parameter).name}</code></a>`)
  const rows = [...parameters, ...bodyFields(operation.requestBody)].map(
    ({ name, place, schema, need, text }) =>
      `<tr><td><code>${escapeHtml(name)}</code></td><td>${place}</td><td>${typeOf(schema)}</td><td>${need}</td>` +
      `<td>${prose(text, '')}</td></tr>`,
  )
  const also = headers.length === 0 ? '' : `<p class="dim">Headers: ${headers.join(', ')}</p>`
  if (rows.length === 0) return also
  return `<div class="wide"><table><thead><tr><th>field</th><th>in</th><th>type</th><th></th><th></th></tr></thead>
<tbody>${rows.join('')}</tbody></table></div>${also}`
}

function headerTable({ components }: OpenApiDocument): string {
  const rows = Object.values(components.parameters).map(
    ({ name, description }) => `<tr><td><code>${name}</code></td><td>${prose(description, '')}</td></tr>`,
  )
  return `<h2 id="headers">Headers</h2><div class="wide"><table><tbody>${rows.join('')}</tbody></table></div>`
}

function bodyFields(body: RequestBody | undefined): Field[] {
  const { properties = {}, required = [] } = body?.content['application/json']?.schema ?? {}
  return Object.entries(properties).map(([name, part]) => {
    const schema = part as Schema
    return { name, place: 'body', schema, need: need(schema, required.includes(name)), text: schema.description ?? '' }
  })
}

function need({ default: fallback }: Schema, required: boolean): string {
  if (required) return 'required'
  return fallback === undefined ? '' : `default <code>${escapeHtml(JSON.stringify(fallback))}</code>`
}

function answer({ responses }: OperationObject): string {
  const { content = {} } = responses[200] as ResponseObject
  return Object.entries(content)
    .map(([type, { schema, example }]) => {
      const shown = typeof example === 'string' ? example : JSON.stringify(example, null, 2)
      const body = example === undefined ? '' : `<pre>${escapeHtml(shown)}</pre>`
      return `<details open><summary>200 ${escapeHtml(type)} ${typeOf(schema)}</summary>${body}</details>`
    })
    .join('')
}

function refusals(document: OpenApiDocument, { responses }: OperationObject): string {
  const rows = Object.entries(responses).flatMap(([status, response]) => {
    if (status === '200') return []
    const { description } = resolve(document, response)
    return `<tr><td>${status}</td><td>${prose(description, '')}</td><td>${codes(document, response)}</td></tr>`
  })
  return `<details><summary>Other answers</summary><div class="wide"><table><tbody>${rows.join('')}</tbody></table></div></details>`
}

function codes(document: OpenApiDocument, response: ResponseObject | Reference): string {
  const { content } = resolve(document, response)
  const name = content?.['application/problem+json']?.schema.$ref?.split('/').at(-1) ?? ''
  const specific = document.components.schemas[name]?.allOf?.[1]?.properties?.code as Schema | undefined
  return (specific?.enum ?? []).map((code) => `<code>${code}</code>`).join(' ')
}

function schemaLink(name: string): string {
  return `<li><a href="#schema-${name}">${name}</a></li>`
}

function schemaArticle([name, schema]: [string, Schema]): string {
  const { properties = {}, required = [], description = '' } = schema
  const rows = Object.entries(properties).map(
    ([field, part]) =>
      `<tr><td><code>${escapeHtml(field)}</code></td><td>${typeOf(part as Schema)}</td>` +
      `<td>${required.includes(field) ? '' : 'optional'}</td></tr>`,
  )
  const body =
    rows.length === 0
      ? `<pre>${escapeHtml(JSON.stringify(schema, null, 2))}</pre>`
      : `<div class="wide"><table><tbody>${rows.join('')}</tbody></table></div>`
  return `<article id="schema-${name}"><h3>${name}</h3>${prose(description)}${body}</article>`
}

/** The type in words, with links to the components in it. */
function typeOf(schema: Schema): string {
  const words = describeType(schema, (name) => `[[${name}]]`)
  return prose(words, '').replace(/\[\[(\w+)\]\]/g, '<a href="#schema-$1">$1</a>')
}

/** What a reference to a parameter or response means. */
function resolve<Part extends Parameter | ResponseObject>(document: OpenApiDocument, part: Part | Reference): Part {
  if (!('$ref' in part)) return part
  const [, , kind = '', name = ''] = part.$ref.split('/')
  const kinds = document.components as unknown as Readonly<Record<string, Readonly<Record<string, Part>>>>
  const found = kinds[kind]?.[name]
  if (found === undefined) throw new Error(`the document has no ${part.$ref}`)
  return found
}
