import { FabricError } from '../model/errors.js'

/**
 * The address of a fabric without slashes at its end, or the addresses of its nodes with commas between them. Throws
 * INVALID_ARGUMENT for what is not an HTTP URL.
 */
export function baseUrl(text: string): string {
  return text
    .split(',')
    .map((one) => nodeUrl(one.trim()))
    .join(',')
}

function nodeUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url !== undefined && (url.username !== '' || url.password !== '')) {
    const message = 'The URL must not have a user or a password, which would be shown. Put the token into IFAB_TOKEN.'
    throw new FabricError('INVALID_ARGUMENT', message, { field: 'url' })
  }
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url.href.replace(/\/+$/, '')
  throw new FabricError('INVALID_ARGUMENT', `${text} is not a URL. Use one such as http://127.0.0.1:7420.`, {
    field: 'url',
  })
}
