import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import type * as z from 'zod'
import type { Fabric } from '../../src/fabric/fabric.js'
import { LIMITS } from '../../src/model/limits.js'
import { ADMINISTRATOR } from '../../src/model/principal.js'
import { put, remove, show } from '../../src/operations/blobs.js'
import { parseInput } from '../../src/operations/input.js'
import type { Operation } from '../../src/operations/operation.js'
import { openTestFabric } from '../../src/testing/test-fabric.js'
import { memoryStorage } from '../../src/witness/storage.js'

const LOG = 'ok 1 - offers parse\n'
const SHA256 = createHash('sha256').update(LOG).digest('hex')
const CONTENT = Buffer.from(LOG).toString('base64')

/** Calls an operation as a request would, and holds its answer against its schema. */
async function call<Input extends z.ZodObject, Output extends z.ZodType>(
  fabric: Fabric,
  operation: Operation<Input, Output>,
  input: z.input<Input>,
): Promise<z.output<Output>> {
  const context = { fabric, principal: ADMINISTRATOR, origin: { actor: 'admin' }, signal: new AbortController().signal }
  const answer = await operation.run(context, parseInput(operation.input, input))
  expect(operation.output.safeParse(answer).error?.issues).toBeUndefined()
  return answer
}

async function openFabric() {
  const storage = memoryStorage()
  const opened = await openTestFabric({ witness: storage })
  const entries = async () => {
    const found: { type: string; subject: string; data: unknown }[] = []
    for await (const chunk of opened.journal.read(0)) {
      for (const { bytes } of chunk) found.push(JSON.parse(Buffer.from(bytes).toString()))
    }
    return found.filter(({ type }) => type.includes('blob')).map(({ type, subject, data }) => [type, subject, data])
  }
  return { ...opened, storage, entries, [Symbol.asyncDispose]: () => opened.fabric.close() }
}

const STORED = ['infrafabric.fabric.blob_stored.v1', SHA256, { bytes: LOG.length, mediaType: 'text/plain' }]
const DELETED = ['infrafabric.fabric.blob_deleted.v1', SHA256, { reason: 'held a name' }]

test('a blob is stored once, and the log names it', async () => {
  await using opened = await openFabric()
  const { fabric, entries } = opened
  const stored = { sha256: SHA256, bytes: LOG.length, mediaType: 'text/plain', deleted: false }
  expect(await call(fabric, put, { content: CONTENT, mediaType: 'text/plain' })).toEqual(stored)
  expect(await call(fabric, put, { content: CONTENT })).toEqual(stored)
  expect(await call(fabric, show, { sha256: SHA256 })).toEqual({ sha256: SHA256, bytes: LOG.length, content: CONTENT })
  expect(await entries()).toEqual([STORED])
})

test('a deleted blob is gone, the log says so, and it can be stored again', async () => {
  await using opened = await openFabric()
  const { fabric, entries, storage } = opened
  await call(fabric, put, { content: CONTENT, mediaType: 'text/plain' })
  for (const _ of ['once', 'again']) {
    const answer = await call(fabric, remove, { sha256: SHA256, reason: 'held a name' })
    expect(answer).toMatchObject({ sha256: SHA256, deleted: true })
  }
  const gone = call(fabric, show, { sha256: SHA256 })
  await expect(gone).rejects.toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining('was deleted') })
  expect(await storage.blobs.has(SHA256)).toBe(false)
  expect(await entries()).toEqual([STORED, DELETED])
  await call(fabric, put, { content: CONTENT, mediaType: 'text/plain' })
  expect(await call(fabric, show, { sha256: SHA256 })).toMatchObject({ content: CONTENT })
  expect(await entries()).toEqual([STORED, DELETED, STORED])
})

test('a blob that was never stored is not found', async () => {
  await using opened = await openFabric()
  const never = { code: 'NOT_FOUND', message: expect.stringContaining('ever stored') }
  await expect(call(opened.fabric, show, { sha256: SHA256 })).rejects.toMatchObject(never)
  await expect(call(opened.fabric, remove, { sha256: SHA256, reason: 'x' })).rejects.toMatchObject(never)
  expect(await opened.entries()).toEqual([])
})

test('a blob that was lost is not given out', async () => {
  await using opened = await openFabric()
  await call(opened.fabric, put, { content: CONTENT })
  await opened.storage.blobs.delete(SHA256)
  await expect(call(opened.fabric, show, { sha256: SHA256 })).rejects.toMatchObject({ code: 'DATA_CORRUPT' })
})

test('a blob may be as large as the bound, and empty', async () => {
  await using opened = await openFabric()
  for (const bytes of [Buffer.alloc(LIMITS.blobBytes, 0xfb), Buffer.alloc(0)]) {
    const { sha256 } = await call(opened.fabric, put, { content: bytes.toString('base64') })
    const { content } = await call(opened.fabric, show, { sha256 })
    expect(Buffer.from(content, 'base64').equals(bytes)).toBe(true)
  }
})

test.each([
  ['content', 'of other letters', { content: 'no base64!' }],
  ['content', 'without padding', { content: 'abc' }],
  ['content', 'with padding inside', { content: 'ab=c' }],
  ['content', 'of padding', { content: '====' }],
  ['content', 'in base64url', { content: 'abc-' }],
  ['content', 'with a line break', { content: 'YWJj\nYWJj' }],
  ['content', 'beyond the bound', { content: Buffer.alloc(LIMITS.blobBytes + 3).toString('base64') }],
  ['mediaType', 'without a word', { content: '', mediaType: '' }],
  ['mediaType', 'without a subtype', { content: '', mediaType: 'text' }],
  ['mediaType', 'in capitals', { content: '', mediaType: 'text/Plain' }],
  ['mediaType', 'with two slashes', { content: '', mediaType: 'text/plain/hunter2' }],
  ['mediaType', 'with an underscore', { content: '', mediaType: 'text/ghp_a1b2c3d4' }],
  ['mediaType', 'with a type of 65 letters', { content: '', mediaType: `${'x'.repeat(65)}/plain` }],
  ['mediaType', 'with a subtype of 65 letters', { content: '', mediaType: `text/${'x'.repeat(65)}` }],
  ['mediaType', 'of another character set', { content: '', mediaType: 'text/plain; charset=a1b2c3d4' }],
  ['mediaType', 'before another line', { content: '', mediaType: 'text/plain\n' }],
  ['mediaType', 'with a parameter of its own', { content: '', mediaType: 'text/plain; note=secret' }],
  ['mediaType', 'beyond the bound', { content: '', mediaType: `text/${'x'.repeat(LIMITS.blobMediaTypeChars)}` }],
])('%s %s is refused', (field, _, input) => {
  expect(() => parseInput(put.input, input)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  expect(() => parseInput(put.input, input)).toThrow(`${field}: `)
})

test('media types are taken as people write them', () => {
  for (const mediaType of ['text/plain', 'application/vnd.api+json', 'text/html; charset=utf-8', 'image/svg+xml']) {
    expect(parseInput(put.input, { content: '', mediaType })).toEqual({ content: '', mediaType })
  }
})

test('a digest and a reason must be given', () => {
  for (const sha256 of ['', 'abc', SHA256.toUpperCase(), '../../etc/passwd', `${SHA256}0`]) {
    expect(() => parseInput(show.input, { sha256 })).toThrow('sha256: not a SHA-256 digest')
    expect(() => parseInput(remove.input, { sha256, reason: 'x' })).toThrow('sha256: not a SHA-256 digest')
  }
  expect(() => parseInput(remove.input, { sha256: SHA256, reason: ' ' })).toThrow('reason: ')
})
