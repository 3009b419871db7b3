import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type * as client from '../../src/browser.js'
import { serveFabric } from '../support/served-fabric.js'

/** Debian's, which CI installs. */
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium'

let browser: Browser
let script = ''

beforeAll(async () => {
  const bundled = await build({
    entryPoints: [fileURLToPath(new URL('../../src/browser.ts', import.meta.url))],
    bundle: true,
    format: 'iife',
    globalName: 'infrafabric',
    footer: { js: 'globalThis.infrafabric = infrafabric' },
    platform: 'browser',
    write: false,
    logLevel: 'error',
  })
  script = bundled.outputFiles[0]?.text ?? ''
  browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--headless'],
  })
})
afterAll(() => browser?.close())

/** A page of the fabric itself, with the client in it: a fabric answers no page of another origin. */
async function openPage(url: string) {
  const page = await browser.newPage()
  await page.goto(`${url}/healthz`)
  await page.evaluate(script)
  return page
}

/** Inside a page. */
declare const infrafabric: typeof client

test('the client claims, works and follows the log in a browser', async () => {
  await using served = await serveFabric()
  const { issued } = await served.client.swarm.register({ swarm: 's1', token: true })
  await served.client.task.create({ id: 'T1', title: 'By hand' })
  await served.client.task.create({ id: 'T2', title: 'By the worker' })
  const page = await openPage(served.server.url)

  const seen = await page.evaluate(
    async ({ url, token }) => {
      const { connect, isFabricError, parseBoard } = infrafabric
      const client = connect({ url, token })
      const { epoch } = await client.task.claim({ task: 'T1' })
      const stale = await client.task
        .complete({ task: 'T1', epoch: epoch + 1 })
        .catch((error: unknown) => (isFabricError(error) ? error.code : String(error)))
      await client.task.complete({ task: 'T1', epoch })

      const worker = client.work(async ({ task, milestone }) => {
        await milestone(50, { note: 'in a browser' })
        return { summary: `${task.title}, in a browser` }
      })
      const subjects: string[] = []
      for await (const { event } of client.events({ from: 0 })) {
        subjects.push(`${String(event.type).split('.')[2]} ${event.subject}`)
        if (subjects.at(-1) === 'task_completed T2') break
      }
      await worker.stop()
      const bytes = new TextEncoder().encode('| ID | Task |\n| --- | --- |\n| A | One |\n')
      const board = parseBoard([{ name: 'board.md', bytes }], { board: 'b' })
      return { stale, subjects, tasks: board.tasks.length }
    },
    { url: served.server.url, token: issued?.token ?? '' },
  )

  expect(seen).toMatchObject({ stale: 'STALE_CLAIM', tasks: 1 })
  expect(seen.subjects).toEqual(
    expect.arrayContaining(['task_claimed T1', 'task_completed T1', 'milestone_reported T2', 'task_completed T2']),
  )
  const { task } = await served.client.task.show({ task: 'T2' })
  expect(task).toMatchObject({ state: 'completed', completedBy: 's1', summary: 'By the worker, in a browser' })
})

test('a page of another origin gets nothing', async () => {
  await using served = await serveFabric()
  await using elsewhere = await serveFabric()
  const page = await openPage(elsewhere.server.url)
  const code = await page.evaluate(async (url) => {
    const client = infrafabric.connect({ url, token: 'any', retries: 0 })
    return client.fabric.status().then(
      () => 'answered',
      (error: { code?: string }) => error.code,
    )
  }, served.server.url)
  expect(code).toBe('UNAVAILABLE')
})
