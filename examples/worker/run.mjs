/**
 * Starts a fabric, makes one task for each page of documentation, and runs two workers until nothing is left. Exits with 1
 * when a task was not completed exactly once or with a wrong count.
 *
 *   npm run build && node examples/worker/run.mjs
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { connectLocal } from 'infrafabric'

const here = (name) => fileURLToPath(new URL(name, import.meta.url))
const data = mkdtempSync(join(tmpdir(), 'infrafabric-worker-'))
const fabric = spawn(
  process.execPath,
  [here('../../dist/cli/main.js'), 'up', '--data', data, '--listen', '127.0.0.1:0', '--json'],
  { cwd: data, stdio: ['ignore', 'pipe', 'inherit'] },
)
try {
  const { value: listening } = await createInterface(fabric.stdout)[Symbol.asyncIterator]().next()
  const { url } = JSON.parse(listening ?? '{}')
  const client = await connectLocal({ url, data })
  const pages = readdirSync(here('../../docs/guide')).filter((name) => name.endsWith('.md'))
  for (const page of pages) {
    await client.task.create({
      id: page,
      title: `Count the words of ${page}`,
      deliverable: here(`../../docs/guide/${page}`),
    })
  }
  await Promise.all(['ada', 'bob'].map((swarm) => runWorker(client, swarm)))
  await check(client, pages)
} finally {
  fabric.kill()
  if (fabric.exitCode === null) await once(fabric, 'exit')
  rmSync(data, { recursive: true, force: true })
}

/** Registers a swarm and runs a worker for it, which learns who it is by its token alone. */
async function runWorker(client, swarm) {
  const { issued } = await client.swarm.register({ swarm, token: true })
  const env = { PATH: process.env.PATH, IFAB_URL: client.url, IFAB_TOKEN: issued.token }
  const worker = spawn(process.execPath, [here('worker.mjs')], { env, stdio: ['ignore', 'inherit', 'inherit'] })
  const [code] = await once(worker, 'exit')
  assert.equal(code, 0, `the worker of ${swarm} ended with exit code ${code}`)
}

async function check(client, pages) {
  const { items } = await client.task.list({ state: 'completed', limit: 1_000 })
  assert.equal(items.length, pages.length)
  for (const { id, attempts, summary, progress } of items) {
    const words = readFileSync(here(`../../docs/guide/${id}`), 'utf8').match(/\S+/g).length
    assert.deepEqual([id, attempts, summary, progress.length], [id, 1, `${words} words`, 1])
  }
  const by = items.map(({ completedBy }) => completedBy)
  console.log(`${pages.length} tasks, each done once: ${by.filter((swarm) => swarm === 'ada').length} by ada`)
}
