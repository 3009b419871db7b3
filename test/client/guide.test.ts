import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { serveFabric } from '../support/served-fabric.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Examples are plain JavaScript apart from their name. What they print stands behind `//` in the same line. */
test('the examples of the guide run and print what they say', async () => {
  await using served = await serveFabric()
  const { issued } = await served.client.swarm.register({ swarm: 'ada', token: true })
  await served.client.task.create({ id: 'parser', title: 'Write the parser' })
  const directory = await mkdtemp(join(tmpdir(), 'infrafabric-guide-'))
  const guide = await readFile(join(ROOT, 'docs/guide/client.md'), 'utf8')
  const examples = [...guide.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, example]) => example ?? '')
  const printed: string[] = []
  for (const example of examples) {
    const file = join(directory, 'example.mjs')
    const index = pathToFileURL(join(ROOT, 'dist/index.js')).href
    await writeFile(file, example.replaceAll("'infrafabric'", `'${index}'`))
    const env = { PATH: process.env.PATH, IFAB_URL: served.server.url, IFAB_TOKEN: issued?.token ?? '' }
    printed.push(...(await promisify(execFile)(process.execPath, [file], { env })).stdout.trim().split('\n'))
  }
  await rm(directory, { recursive: true })
  expect(printed).toEqual(['parser completed', 'no-such-task', '0 infrafabric.fabric.fabric_created.v1'])
  for (const line of printed) expect(guide).toContain(`// ${line}\n`)
  expect((await served.client.task.show({ task: 'parser' })).task.summary).toBe('Write the parser: done')
})
