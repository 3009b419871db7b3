import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ownIdentity } from '../../../src/journal/file/process-identity.js'
import { LIMITS } from '../../../src/model/limits.js'
import { type Mark, Marks } from '../../../src/witness/verify/marks.js'
import { entriesOf, Place } from './logs.js'

let place: Place
beforeEach(async () => {
  place = await Place.open()
})
afterEach(() => place[Symbol.asyncDispose]())

const root = Buffer.alloc(32).toString('base64')

function mark(size: number, keys: readonly string[] = ['log+00000001'], origin = 'log'): Mark {
  return { origin, keys, size, root, at: '2026-01-31T08:30:00.000Z' }
}

const sizes = async (path: string) => (await Marks.open(path)).ofOrigin('log').map(({ size }) => size)

test('marks are kept in a file whose directory is made, one for each log', async () => {
  const path = place.path('state', 'infrafabric', 'marks.json')
  const marks = await Marks.open(path)
  expect(marks.ofOrigin('log')).toEqual([])
  await marks.remember(mark(1))
  await marks.remember(mark(2))
  await marks.remember(mark(5, ['log+00000002']))
  await marks.remember(mark(7, ['log+00000001'], 'other'))
  expect(await sizes(path)).toEqual([2, 5])
  const found = (await Marks.open(path)).find('log', new Set(['log+00000002', 'log+00000003']))
  expect(found).toEqual([mark(5, ['log+00000002'])])
})

test('a mark never goes back, also when another process went on meanwhile', async () => {
  const path = place.path('marks.json')
  const early = await Marks.open(path)
  await (await Marks.open(path)).remember(mark(9))
  await early.remember(mark(4))
  expect(await sizes(path)).toEqual([9])
})

test('marks that are written at the same time are all kept', async () => {
  const path = place.path('marks.json')
  const writers = await Promise.all(Array.from({ length: 12 }, () => Marks.open(path)))
  await Promise.all(writers.map((marks, at) => marks.remember(mark(at, [`key ${at}`]))))
  expect((await sizes(path)).sort((a, b) => a - b)).toEqual(writers.map((_, at) => at))
})

test('a writer that died does not keep others out', async () => {
  const path = place.path('marks.json')
  await mkdir(`${path}.lock`)
  const dead = { ...ownIdentity(), startTime: 'before this process', since: '', note: '' }
  await writeFile(`${path}.lock/owner.7`, JSON.stringify(dead))
  await (await Marks.open(path)).remember(mark(3))
  expect(await sizes(path)).toEqual([3])
})

test('a mark that links two keys joins what was remembered of each', async () => {
  const path = place.path('marks.json')
  const marks = await Marks.open(path)
  await marks.remember(mark(1, ['a']))
  await marks.remember(mark(2, ['b']))
  await marks.remember(mark(3, ['b', 'a', 'c']))
  expect((await Marks.open(path)).ofOrigin('log')).toEqual([mark(3, ['a', 'b', 'c'])])
})

test.each(['', '{}', '{"version":1,"marks":[{"origin":"log"}]}', '{"version":2,"marks":[]}'])(
  'a file that holds %j is not passed over',
  async (content) => {
    const path = place.path('marks.json')
    await writeFile(path, content)
    await expect(Marks.open(path)).rejects.toMatchObject({ code: 'DATA_CORRUPT', details: { path } })
  },
)

test('a full file takes no more logs', async () => {
  const path = place.path('marks.json')
  const marks = Array.from({ length: LIMITS.logMarks }, (_, index) => mark(1, [`key ${index}`]))
  await writeFile(path, JSON.stringify({ version: 1, marks }))
  await expect((await Marks.open(path)).remember(mark(1, ['one more']))).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
  })
  await (await Marks.open(path)).remember(mark(2, ['key 7']))
  expect(JSON.parse(await readFile(path, 'utf8')).marks).toHaveLength(LIMITS.logMarks)
})

test('a mark that cannot be written is a problem that the verification names', async () => {
  await place.export({ entries: entriesOf(3) })
  await writeFile(place.path('file'), '')
  const path = place.path('file', 'marks.json')
  await mkdir(place.path('blocked.json.tmp'), { recursive: true })
  await expect(Marks.open(path)).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
  const blocked = await place.verify({ marks: await Marks.open(place.path('blocked.json')) })
  expect(blocked.verdicts.signature.status).toBe('ok')
  expect(blocked.remembered).toMatchObject({ saved: false, problem: expect.stringContaining('blocked.json') })
})
