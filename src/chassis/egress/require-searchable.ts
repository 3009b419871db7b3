import { badResponse, type HttpResponse } from './send.js'

/** RFC 9110, section 15.3.7, and RFC 3229, section 10.4.1. */
const IN_PIECES: ReadonlySet<number> = new Set([206, 226])
/** Encodings in which ASCII is ASCII. */
const CHARSET =
  /^(?:utf-?8|(?:us-)?ascii|binary|iso-?8859-\d{1,2}|(?:windows-|cp)125\d|koi8-[ru]|gb2312|gbk|gb18030|big5|euc-jp|euc-kr|shift_jis)?$/

/**
 * Whether a secret that the response repeats would be found in it: whole, and in letters that are known. Throws
 * BAD_RESPONSE.
 */
export function requireSearchable({ status, headers }: HttpResponse): void {
  const type = (headers.get('content-type') ?? '').toLowerCase()
  if (IN_PIECES.has(status) || type.includes('multipart/byteranges')) {
    throw badResponse('It is a piece of one, although none was asked for.')
  }
  for (const [, charset = ''] of type.matchAll(/charset\s*=\s*["']?([^\s"';,]*)/g)) {
    if (!CHARSET.test(charset))
      throw badResponse('Its text is in an encoding that secrets are not looked for in. Ask for UTF-8.')
  }
}
