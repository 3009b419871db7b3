/**
 * Holds the server that MCP clients talk to against the official conformance suite: `npm run test:conformance`. The
 * suite needs a newer Node than this package, so both are installed into a temporary directory first.
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { fixtureServer } from './fixture.mjs'
import { serveFixture } from './serve.mjs'

const SUITE = '@modelcontextprotocol/conformance@0.2.0-alpha.12'
const NODE = `node-linux-${process.arch}@24.21.0`
/** What each of these revisions requires of a server. */
const REVISIONS = ['2026-07-28', '2025-11-25']
const expected = parse(readFileSync(new URL('expected-failures.yaml', import.meta.url), 'utf8'))

if (process.platform !== 'linux') {
  console.error('NOT CHECKED: the newer Node that the suite needs comes from npm for Linux only.')
  process.exit(1)
}
const directory = mkdtempSync(join(tmpdir(), 'infrafabric-conformance-'))
process.once('exit', () => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }))
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130))

writeFileSync(join(directory, 'package.json'), '{ "private": true }')
execFileSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', SUITE, NODE], {
  cwd: directory,
  stdio: ['ignore', 'ignore', 'inherit'],
})
const server = await serveFixture(fixtureServer)
let failed = 0
try {
  for (const revision of REVISIONS) failed += await run(revision)
} finally {
  await server.close()
}
process.exitCode = failed === 0 ? 0 : 1

/** Resolves with the exit code of the suite: 0 when what fails is exactly what is expected to. */
async function run(revision) {
  console.log(`\n# What ${revision} requires\n`)
  const node = join(directory, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node')
  const suite = join(directory, 'node_modules', '@modelcontextprotocol', 'conformance', 'dist', 'index.js')
  const baseline = join(directory, `${revision}.yaml`)
  writeFileSync(baseline, stringify({ server: expected[revision] }))
  const args = ['server', '--url', `${server.url}/mcp`, '--requirements', revision, '--expected-failures', baseline]
  const child = spawn(node, [suite, ...args], { cwd: directory, stdio: ['ignore', 'inherit', 'inherit'] })
  const [code] = await once(child, 'exit')
  return code ?? 1
}
