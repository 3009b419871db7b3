import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { InvalidArgumentError } from 'commander'
import type { FabricClient } from '../client/client.js'
import { FabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import type { OutputOf } from '../operations/table.js'
import { answer } from './answer.js'
import type { CliCommand } from './command.js'
import { unreadable, writeUserFile } from './user-file.js'

export function addBlobCommands(program: CliCommand): void {
  const blob = program.command('blob').description('store, read and delete content that lies beside the log')
  blob
    .command('put')
    .description('store a file as it is and print its SHA-256, which the log keeps')
    .argument('<file>', `file of at most ${LIMITS.blobBytes} bytes`)
    .option('--media-type <type>', 'what it is, such as text/plain')
    .example('ifab blob put test.log --media-type text/plain')
    .asks(async (fabric, path: string, { mediaType }: { mediaType?: string }) => {
      const stored = await putFile(fabric, path, mediaType)
      return answer(stored, stored.sha256)
    })
  addGet(blob)
  blob
    .command('delete')
    .description('delete the content of a blob; the log keeps its SHA-256 and stays verifiable')
    .argument('<sha256>', 'SHA-256 of the content', sha256)
    .requiredOption('--reason <text>', 'why; the log keeps it')
    .example(`ifab blob delete ${EXAMPLE} --reason "held personal data"`)
    .asks(async (fabric, digest: string, { reason }: { reason: string }) => {
      const deleted = await fabric.blob.delete({ sha256: digest, reason })
      return answer(deleted, `The content of ${digest} is deleted.`)
    })
}

const EXAMPLE = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

function addGet(blob: CliCommand): void {
  blob
    .command('get')
    .description('write the content of a blob to stdout, or to a file')
    .argument('<sha256>', 'SHA-256 of the content', sha256)
    .option('--output <file>', 'file to write to')
    .example(`ifab blob get ${EXAMPLE} --output test.log`)
    .does(async (call, digest: string, { output }: { output?: string }) => {
      const fabric = await call.connect()
      const found = await fabric.blob.show({ sha256: digest })
      const content = checkedContent(found)
      if (output !== undefined) {
        await writeUserFile(output, content)
        return answer({ sha256: digest, bytes: found.bytes, written: output }, `Wrote ${output}.`)
      }
      if (call.json) return answer(found, [])
      const text = readText(content, digest)
      if (call.terminal.interactive) return answer(found, text.replace(/\n$/, '').split('\n'))
      // Exactly these bytes, so that what is redirected into a file has the digest.
      call.terminal.out(text)
      return undefined
    })
}

/** Stores a file as a blob. Throws INVALID_ARGUMENT for one that cannot be read or is too large. */
export async function putFile(
  fabric: FabricClient,
  path: string,
  mediaType?: string,
): Promise<OutputOf<'blob', 'put'>> {
  const content = await readFile(path)
  return fabric.blob.put({ content: content.toString('base64'), mediaType })
}

async function readFile(path: string): Promise<Buffer> {
  const maxBytes = LIMITS.blobBytes
  const chunks: Uint8Array[] = []
  try {
    // A pipe or a device does not say how much it holds, and may never end.
    for await (const chunk of createReadStream(path, { end: maxBytes })) chunks.push(chunk)
  } catch (error) {
    throw unreadable(path, error)
  }
  const content = Buffer.concat(chunks)
  if (content.length <= maxBytes) return content
  const message = `${path} is too large: a blob has at most ${maxBytes} bytes. Compress it, or store it in parts.`
  throw new FabricError('INVALID_ARGUMENT', message, { path, maxBytes })
}

/** Nobody between the store and this process needs to be trusted. */
function checkedContent({ sha256, content }: OutputOf<'blob', 'show'>): Buffer {
  const bytes = Buffer.from(content, 'base64')
  if (createHash('sha256').update(bytes).digest('hex') === sha256) return bytes
  const message = `What came as blob ${sha256} has another digest. Read it again, and check the fabric if it stays so.`
  throw new FabricError('DATA_CORRUPT', message, { sha256 })
}

function readText(content: Buffer, digest: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content)
  } catch {
    const message = `The blob ${digest} is not text. Write it to a file with --output.`
    throw new FabricError('INVALID_ARGUMENT', message, { sha256: digest })
  }
}

function sha256(value: string): string {
  if (/^[0-9a-f]{64}$/.test(value)) return value
  throw new InvalidArgumentError('Give 64 lower-case hexadecimal digits.')
}
