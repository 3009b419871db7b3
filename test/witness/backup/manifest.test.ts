import { describe, expect, test } from 'vitest'
import { formatManifest, type Manifest, parseManifest } from '../../../src/witness/backup/manifest.js'
import { NamedBlobs } from '../../../src/witness/backup/named-blobs.js'
import { decodeTarHeader, encodeTarHeader, paddingOf } from '../../../src/witness/backup/tar-header.js'

const manifest: Manifest = {
  createdAt: '2026-01-31T08:30:00.000Z',
  program: '0.1.0',
  checkpoint: 'demo\n0\nx\n',
  vkey: 'demo+00000000+x',
  blobs: { count: 1, bytes: 7, missing: [] },
  keys: { key: 'ab' },
}

const parse = (text: string) => parseManifest('manifest.json', Buffer.from(text))

describe('the manifest of a backup', () => {
  test('is read as it was written', () => {
    expect(parse(formatManifest(manifest))).toEqual(manifest)
  })

  test.each([
    ['', 'it is not JSON'],
    ['null', 'it is not a JSON object'],
    ['{}', 'it is not one of a backup'],
    ...(['createdAt', 'program', 'checkpoint', 'vkey', 'blobs', 'keys'] as const).map((field) => [
      formatManifest({ ...manifest, [field]: 1 }),
      'a field is missing or of another kind',
    ]),
    [formatManifest({ ...manifest, blobs: { count: 1, bytes: 7, missing: [3 as never] } }), 'of another kind'],
    [formatManifest({ ...manifest, keys: { '../token': 'ab' } as never }), 'of another kind'],
  ])('is damaged when it is %j', (text = '', message = '') => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'DATA_CORRUPT' }))
    expect(() => parse(text)).toThrow(message)
  })

  test('of a later release is refused', () => {
    const later = formatManifest(manifest).replace('"version": 1', '"version": 7')
    expect(() => parse(later)).toThrow(expect.objectContaining({ code: 'DATA_TOO_NEW' }))
  })
})

describe('the blobs that a log names', () => {
  const digest = (character: string) => character.repeat(64)
  const entry = (type: string, subject: string, data: object = {}) =>
    Buffer.from(
      JSON.stringify({
        type: `infrafabric.fabric.${type}.v1`,
        subject,
        time: '2026-01-31T08:30:00.000Z',
        actor: 'admin',
        data,
      }),
    )

  test('are those that were stored and not deleted, the last word counts', () => {
    const blobs = new NamedBlobs()
    const entries = [
      entry('blob_stored', digest('a'), { bytes: 3 }),
      entry('blob_stored', digest('b'), { bytes: 4 }),
      entry('blob_deleted', digest('a')),
      entry('blob_deleted', digest('b')),
      entry('blob_stored', digest('b'), { bytes: 4 }),
      entry('task_created', digest('c'), { title: 'infrafabric.fabric.blob_stored.v1' }),
      entry('blob_stored', '../escaped', { bytes: 1 }),
    ]
    for (const [index, bytes] of entries.entries()) blobs.see(index, bytes)
    expect([...blobs.present]).toEqual([[digest('b'), 4]])
    expect([...blobs.deleted]).toEqual([digest('a')])
  })
})

describe('headers of an archive', () => {
  test('are read as they were written', () => {
    for (const bytes of [0, 1, 512, 8 * 1024 * 1024]) {
      const path = `blobs/ab/${'c'.repeat(62)}`
      expect(decodeTarHeader(encodeTarHeader(path, bytes))).toEqual({ path, bytes, kind: 'file' })
      expect((bytes + paddingOf(bytes)) % 512).toBe(0)
    }
    expect(decodeTarHeader(Buffer.alloc(512))).toBeUndefined()
    expect(() => encodeTarHeader('x'.repeat(101), 1)).toThrow(RangeError)
  })

  test('are refused when any bit of them is another', () => {
    const header = encodeTarHeader('manifest.json', 99)
    for (let at = 0; at < 512; at += 1) {
      const changed = Buffer.from(header)
      changed.writeUInt8(changed.readUInt8(at) ^ 0x10, at)
      // The sum itself may be written in more than one way.
      if (at >= 148 && at < 156) continue
      expect(() => decodeTarHeader(changed), `byte ${at}`).toThrow(RangeError)
    }
  })
})
