/** Header of one file in the interchange format of POSIX.1-1988 (ustar), in which archives are written and read. */
export interface TarHeader {
  readonly path: string
  /** Bytes of the content, which follows and is filled up to whole blocks. */
  readonly bytes: number
  readonly kind: 'file' | 'directory' | 'other'
}

export const TAR_BLOCK_BYTES = 512
const MAGIC = 'ustar\x0000'
const NAME_BYTES = 100
const SUM = { start: 148, end: 156 }

/** A file that only its owner may read. `path` has at most 100 characters of ASCII, `bytes` are below 8 GiB. */
export function encodeTarHeader(path: string, bytes: number): Buffer {
  if (Buffer.byteLength(path) > NAME_BYTES) throw new RangeError(`${path} is too long for an archive`)
  const header = Buffer.alloc(TAR_BLOCK_BYTES)
  header.write(path, 0)
  header.write('0000600\0', 100)
  header.write('0000000\0', 108)
  header.write('0000000\0', 116)
  header.write(`${bytes.toString(8).padStart(11, '0')}\0`, 124)
  header.write('00000000000\0', 136)
  header.write('0', 156)
  header.write(MAGIC, 257, 'latin1')
  header.write(`${sumOf(header).toString(8).padStart(6, '0')}\0 `, SUM.start)
  return header
}

/** Undefined for the block of zeros that ends an archive. Throws RangeError for a block that is no header. */
export function decodeTarHeader(block: Buffer): TarHeader | undefined {
  if (block.every((byte) => byte === 0)) return undefined
  const text = (start: number, end: number) => block.toString('latin1', start, end).replace(/\0.*$/s, '')
  const octal = (start: number, end: number) => Number.parseInt(text(start, end).trim(), 8)
  if (octal(SUM.start, SUM.end) !== sumOf(block)) throw new RangeError('a header is damaged')
  const prefix = text(345, 500)
  const name = text(0, NAME_BYTES)
  const bytes = octal(124, 136)
  if (!Number.isSafeInteger(bytes)) throw new RangeError('the size of a file is damaged')
  const flag = text(156, 157)
  const kind = flag === '0' || flag === '' ? 'file' : flag === '5' ? 'directory' : 'other'
  return { path: prefix === '' ? name : `${prefix}/${name}`, bytes, kind }
}

/** Bytes that fill a content up to whole blocks. */
export function paddingOf(bytes: number): number {
  return (TAR_BLOCK_BYTES - (bytes % TAR_BLOCK_BYTES)) % TAR_BLOCK_BYTES
}

/** Sum of all bytes, with spaces where the sum itself stands. */
function sumOf(header: Buffer): number {
  let sum = 8 * 0x20
  for (const [at, byte] of header.entries()) if (at < SUM.start || at >= SUM.end) sum += byte
  return sum
}
