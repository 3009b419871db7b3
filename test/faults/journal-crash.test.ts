import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { inspectOwner } from '../../src/journal/file/lock.js'
import { texts } from '../conformance/journal.js'
import { Child } from '../journal/children/child.js'
import { type FilePlace, filePlace } from '../journal/place.js'

describe('a journal whose process is killed', () => {
  let place: FilePlace
  const children: Child[] = []

  beforeEach(async () => {
    place = await filePlace({ segmentBytes: 65_536 })
  })

  afterEach(async () => {
    await Promise.all(children.splice(0).map((child) => child.kill()))
    await place.dispose()
  })

  function start(script: 'append.mjs' | 'start.mjs'): Child {
    const child = new Child(script, place.directory)
    children.push(child)
    return child
  }

  test('loses nothing that was acknowledged, ten times in a row', async () => {
    let acknowledged = 0
    for (let round = 1; round <= 10; round += 1) {
      const writer = start('append.mjs')
      await writer.printed(20 * round)
      await writer.kill()
      expect(Number(writer.lines[0])).toBeGreaterThanOrEqual(acknowledged)
      acknowledged = Number(writer.lines.at(-1))
    }
    const journal = place.journal()
    const { size } = await journal.open()
    expect(size).toBeGreaterThanOrEqual(acknowledged)
    const expected = Array.from({ length: size }, (_, index) => `entry ${index} `.repeat(20))
    expect(await texts(journal, 0)).toEqual(expected)
    await journal.close()
  })

  test('is succeeded by exactly one of twenty processes that start at once', async () => {
    const first = start('start.mjs')
    first.tell('go')
    await first.printed(2)
    expect(first.lines[1]).toBe('owner 1')

    const starters = Array.from({ length: 20 }, () => start('start.mjs'))
    await Promise.all(starters.map((starter) => starter.printed(1)))
    await first.kill()
    for (const starter of starters) starter.tell('go')
    await Promise.all(starters.map((starter) => starter.printed(2)))

    const owners = starters.filter((starter) => starter.lines[1] === 'owner 2')
    expect(owners).toHaveLength(1)
    const owner = owners[0]?.process.pid
    const refusals = starters.filter((starter) => starter.lines[1] === `DATA_LOCKED ${owner}`)
    expect(refusals).toHaveLength(19)
    expect(await inspectOwner(place.directory)).toMatchObject({ generation: 2, state: 'alive', pid: owner })
  })

  test('refuses a second process while the first one lives, and takes over afterwards', async () => {
    const holder = start('append.mjs')
    await holder.printed(5)
    const journal = place.journal()
    await expect(journal.open()).rejects.toMatchObject({ code: 'DATA_LOCKED', details: { pid: holder.process.pid } })
    await expect(journal.open()).rejects.toThrow(`in use by process ${holder.process.pid}`)
    await holder.kill()
    const { size } = await journal.open()
    expect(size).toBeGreaterThanOrEqual(Number(holder.lines.at(-1)))
    await journal.close()
  })
})
