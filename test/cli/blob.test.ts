import { createHash } from 'node:crypto'
import { readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCli } from '../../src/cli/run.js'
import { LIMITS } from '../../src/model/limits.js'
import type { TaskDetailView } from '../../src/operations/views.js'
import { ifab, openSite, RecordingTerminal, type Site } from './console.js'

let site: Site
beforeAll(async () => {
  site = await openSite()
})
afterAll(() => site[Symbol.asyncDispose]())

function digest(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(site.directory, name)
  await writeFile(path, content)
  return path
}

/** Content of a blob as it lies in the data directory. */
function stored(sha256: string): string {
  return join(site.directory, 'data', 'blobs', sha256.slice(0, 2), sha256.slice(2))
}

describe('blob', () => {
  test('put prints the digest of what it stored, get gives it back byte for byte', async () => {
    const content = '\ufeffok 1\r\nno newline at the end'
    const bytes = Buffer.byteLength(content)
    const path = await file('test.log', content)
    expect(await site.run('blob', 'put', path, '--media-type', 'text/plain')).toBe(`${digest(content)}\n`)
    expect(await readFile(stored(digest(content)), 'utf8')).toBe(content)
    expect(await site.run('blob', 'get', digest(content))).toBe(content)
    const { entries } = await site.json<{ entries: { subject: string; data: unknown }[] }>('log', '--limit', '1')
    expect(entries).toMatchObject([{ subject: digest(content), data: { bytes, mediaType: 'text/plain' } }])
    expect(await site.json('blob', 'put', path)).toMatchObject({ sha256: digest(content), bytes, deleted: false })
  })

  test('get writes bytes that are no text to a file only', async () => {
    const bytes = Buffer.from([0xff, 0x00, 0x1b, 0x5b, 0x32, 0x4a])
    await site.run('blob', 'put', await file('image', bytes))
    const { exit, out, err } = await ifab(site.env, 'blob', 'get', digest(bytes))
    expect({ exit, out }).toEqual({ exit: 2, out: '' })
    expect(err).toContain(`The blob ${digest(bytes)} is not text. Write it to a file with --output.`)
    const output = join(site.directory, 'copy')
    expect(await site.run('blob', 'get', digest(bytes), '--output', output)).toBe(`Wrote ${output}.\n`)
    expect(await readFile(output)).toEqual(bytes)
    const json = await site.json<{ content: string }>('blob', 'get', digest(bytes))
    expect(Buffer.from(json.content, 'base64')).toEqual(bytes)
    const nowhere = join(output, 'below-a-file')
    expect(await site.refused('blob', 'get', digest(bytes), '--output', nowhere)).toMatchObject({ exit: 2 })
  })

  test('get does not let content write to the screen', async () => {
    const content = 'line one\n\u001b[2Jline two\n'
    await site.run('blob', 'put', await file('screen', content))
    const terminal = new RecordingTerminal(site.env, true)
    expect(await runCli(['blob', 'get', digest(content)], terminal)).toBe(0)
    expect(terminal.output).toBe('line one\n\\u001b[2Jline two\n')
  })

  test('delete removes the content, and the log says why', async () => {
    const content = 'with a name in it'
    await site.run('blob', 'put', await file('private', content))
    const gone = await site.run('blob', 'delete', digest(content), '--reason', 'held a name')
    expect(gone).toBe(`The content of ${digest(content)} is deleted.\n`)
    await expect(readFile(stored(digest(content)))).rejects.toMatchObject({ code: 'ENOENT' })
    const { entries } = await site.json<{ entries: { type: string; data: unknown }[] }>('log', '--limit', '1')
    expect(entries).toMatchObject([{ type: 'infrafabric.fabric.blob_deleted.v1', data: { reason: 'held a name' } }])
    expect(await site.refused('blob', 'get', digest(content))).toMatchObject({ exit: 3, code: 'NOT_FOUND' })
  })

  test('that was damaged is refused', async () => {
    const content = 'to be cut'
    await site.run('blob', 'put', await file('cut', content))
    await truncate(stored(digest(content)), 2)
    expect(await site.refused('blob', 'get', digest(content))).toMatchObject({ exit: 8, code: 'DATA_CORRUPT' })
    await site.run('blob', 'put', join(site.directory, 'cut'))
    expect(await site.run('blob', 'get', digest(content))).toBe(content)
  })

  test('put refuses what it cannot read and what is too large, get and delete what is no digest', async () => {
    expect(await site.refused('blob', 'put', site.directory)).toMatchObject({
      message: `Cannot read ${site.directory}: it is a directory. Check the path.`,
    })
    const large = await file('large', '')
    await truncate(large, LIMITS.blobBytes + 1)
    const refused = await site.refused('blob', 'put', large)
    expect(refused).toMatchObject({ exit: 2, message: expect.stringContaining(`${large} is too large`) })
    await truncate(large, LIMITS.blobBytes)
    expect(await site.run('blob', 'put', large)).toBe(`${digest(Buffer.alloc(LIMITS.blobBytes))}\n`)
    expect(await site.refused('blob', 'put', '/dev/zero')).toMatchObject({ exit: 2 })
    for (const verb of ['get', 'delete']) {
      const message = expect.stringContaining('Give 64 lower-case hexadecimal digits.')
      expect(await site.refused('blob', verb, 'ABC', ...(verb === 'delete' ? ['--reason', 'x'] : []))).toMatchObject({
        message,
      })
    }
  })
})

describe('done', () => {
  test('stores attached files, and names them in the evidence', async () => {
    await site.run('task', 'create', 'attached', '--title', 'A', '--external')
    const paths = [await file('first.log', 'first'), await file('second.log', 'second')]
    const attached = paths.flatMap((path) => ['--attach', path])
    await site.run('done', 'attached', ...attached, '--note', 'see the logs')
    const { task } = await site.json<TaskDetailView>('task', 'show', 'attached')
    expect(task.evidence).toEqual([
      { kind: 'file', path: paths[0], sha256: digest('first') },
      { kind: 'file', path: paths[1], sha256: digest('second') },
      { kind: 'note', text: 'see the logs' },
    ])
    expect(await site.run('blob', 'get', digest('second'))).toBe('second')
  })

  test('leaves the task alone when a file cannot be attached', async () => {
    await site.run('task', 'create', 'unattached', '--title', 'A', '--external')
    const missing = join(site.directory, 'missing')
    expect(await site.refused('done', 'unattached', '--attach', missing)).toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect((await site.json<TaskDetailView>('task', 'show', 'unattached')).task.state).toBe('blocked')
  })
})
