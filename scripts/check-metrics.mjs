/**
 * Checks what a running fabric shows to Prometheus with promtool: the names and types of metrics, and the alerts of the
 * guide. promtool comes with Debian's package `prometheus`; PROMTOOL names it where it is not on the PATH.
 *
 *   npm run metrics:check
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { hostFabric } from '../dist/cli/host.js'
import { readConfig } from '../dist/governor/policy/config.js'
import { connectLocal } from '../dist/index.js'

const GUIDE = fileURLToPath(new URL('../docs/guide/operations.md', import.meta.url))
/** Limits and models have metrics only where there are some. */
const CONFIG = `
budgets:
  fabric: { day: 50 }
  boards: { sprint-1: { total: 20 } }
prices:
  version: check
  models: { small: { input_nanos: 3_000_000_000, output_nanos: 15_000_000_000, cached_nanos: 0 } }
`
const promtool = process.env.PROMTOOL ?? 'promtool'

const directory = mkdtempSync(join(tmpdir(), 'ifab-metrics-'))
try {
  const page = await pageOfWorkingFabric(join(directory, 'data'))
  run(['check', 'metrics'], page)
  const rules = join(directory, 'rules.yml')
  writeFileSync(rules, rulesOf(readFileSync(GUIDE, 'utf8')))
  run(['check', 'rules', rules])
  process.stdout.write(`${page.match(/^# TYPE/gm).length} metrics and the alerts of the guide pass.\n`)
} finally {
  rmSync(directory, { recursive: true, force: true })
}

/** What a fabric shows after some work of every kind, so that hardly any metric is without a sample. */
async function pageOfWorkingFabric(data) {
  const config = readConfig('infrafabric.yaml', CONFIG)
  const hosted = await hostFabric({ data, config, listen: '127.0.0.1:0' })
  try {
    const fabric = await connectLocal({ data })
    await fabric.swarm.register({ swarm: 'alice' })
    for (const id of ['A', 'B']) await fabric.task.create({ id, title: id })
    const { epoch } = await fabric.task.claim({ task: 'A', as: 'alice' })
    await fabric.task.claim({ task: 'none', as: 'alice' }).catch(() => undefined)
    await fabric.task.complete({ task: 'A', as: 'alice', epoch, evidence: [] })
    await fabric.swarm.send({ to: 'alice', text: 'hello' })
    const token = readFileSync(join(data, 'admin.token'), 'utf8').trim()
    const scrape = async () => {
      const answer = await fetch(`${hosted.running.url}/metrics`, { headers: { authorization: `Bearer ${token}` } })
      if (!answer.ok) throw new Error(`/metrics answers ${answer.status}`)
      return answer.text()
    }
    // The lag of the event loop is there from the second scrape on.
    await scrape()
    return await scrape()
  } finally {
    await hosted.close()
  }
}

function rulesOf(guide) {
  const rules = /^```yaml\n(groups:\n.*?)^```$/ms.exec(guide)?.[1]
  if (rules === undefined) throw new Error('the guide shows no rules')
  return rules
}

function run(args, input = '') {
  const { status, stdout, stderr, error } = spawnSync(promtool, args, { input, encoding: 'utf8' })
  if (error !== undefined) throw new Error(`${promtool} cannot be run (${error.code}). Install Debian's prometheus.`)
  const said = `${stdout}${stderr}`.trim()
  if (status !== 0) throw new Error(`promtool ${args.join(' ')} found:\n${said}`)
}
