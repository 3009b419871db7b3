import type { OpenApiDocument, OperationObject, Parameter } from './types.js'

interface Call {
  readonly method: string
  readonly path: string
  readonly operation: OperationObject
}

/** The example request as a command for a POSIX shell; the token is in `$TOKEN`. */
export function curl({ servers }: OpenApiDocument, { method, path, operation }: Call): string {
  const parameters = (operation.parameters ?? []).filter((item): item is Parameter => 'name' in item)
  const shown = parameters.filter(({ example }) => example !== undefined)
  const exampleOf = (name: string) => encodeURIComponent(String(shown.find((item) => item.name === name)?.example))
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => exampleOf(name).replaceAll('%2F', '/'))
  const query = shown.filter((item) => item.in === 'query').map(({ name }) => `${name}=${exampleOf(name)}`)
  const url = `${servers[0]?.url}${filled}${query.length === 0 ? '' : `?${query.join('&')}`}`
  const body = operation.requestBody?.content['application/json']?.example
  return [
    method === 'GET' ? `curl ${quoted(url)}` : `curl -X ${method} ${quoted(url)}`,
    ...(operation.security === undefined ? ['-H "Authorization: Bearer $TOKEN"'] : []),
    ...(body === undefined ? [] : [`-H 'Content-Type: application/json'`, `-d ${quoted(JSON.stringify(body))}`]),
  ].join(' \\\n  ')
}

function quoted(text: string): string {
  return /^[\w:/.%-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
