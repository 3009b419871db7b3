/**
 * Unpacks the servers that this machine lacks from Debian's packages, without installing or starting anything:
 *
 *   node bench/servers/unpack.mjs [--release trixie]
 *
 * Redis, PostgreSQL, etcd and nats-server come from the release of this machine, and a nats-server that can flush before
 * it acknowledges (2.10 and newer) from a newer release, by the same mirror and the same keys. Everything lies in
 * `.bench/servers` afterwards, where the benchmark looks; remove that directory to be rid of it.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { findPrograms, isAtLeast, UNPACKED } from './programs.mjs'

const PACKAGES = {
  'nats-server': 'nats-server',
  etcd: 'etcd-server',
  'redis-server': 'redis-server',
  postgres: 'postgresql',
}
const KEYS = '/usr/share/keyrings/debian-archive-keyring.gpg'

const { values: options } = parseArgs({ options: { release: { type: 'string', default: 'trixie' } } })
const scratch = mkdtempSync(join(tmpdir(), 'ifab-unpack-'))
try {
  const missing = Object.keys(PACKAGES).filter((name) => findPrograms(name).length === 0)
  if (missing.length > 0) unpackOwn(missing.map((name) => PACKAGES[name]))
  if (!findPrograms('nats-server').some((program) => isAtLeast(program, 2, 10))) unpackNewer(options.release)
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
for (const name of Object.keys(PACKAGES)) {
  for (const { path, version } of findPrograms(name)) process.stdout.write(`${name} ${version}: ${path}\n`)
}

/** With the libraries that they need and that are not installed. */
function unpackOwn(packages) {
  const archives = join(scratch, 'own')
  mkdirSync(join(archives, 'partial'), { recursive: true })
  const places = ['-o', `Dir::Cache::archives=${archives}`, '-o', 'Debug::NoLocking=1']
  run('apt-get', ['install', '--yes', '--download-only', '--no-install-recommends', ...places, ...packages])
  unpack(archives, 'own')
}

/** A server in Go needs no library of its release. */
function unpackNewer(release) {
  const format = ['--format', '$(REPO_URI)', 'Created-By: Packages', 'Label: Debian', 'Component: main']
  const [mirror] = run('apt-get', ['indextargets', ...format]).split('\n')
  const sources = join(scratch, 'newer.list')
  writeFileSync(sources, `deb [signed-by=${KEYS}] ${mirror} ${release} main\n`)
  const places = { 'Dir::State::lists': 'lists', 'Dir::Cache': 'cache' }
  for (const folder of [...Object.values(places), 'newer']) mkdirSync(join(scratch, folder))
  const settings = [
    `Dir::Etc::sourcelist=${sources}`,
    'Dir::Etc::sourceparts=/dev/null',
    ...Object.entries(places).map(([name, folder]) => `${name}=${join(scratch, folder)}`),
    // The user of apt that fetches cannot write into this directory.
    'APT::Sandbox::User=',
  ].flatMap((setting) => ['-o', setting])
  run('apt-get', ['update', ...settings])
  run('apt-get', ['download', ...settings, PACKAGES['nats-server']], join(scratch, 'newer'))
  unpack(join(scratch, 'newer'), release)
}

function unpack(folder, name) {
  const target = join(UNPACKED, name)
  mkdirSync(target, { recursive: true })
  for (const file of readdirSync(folder)) if (file.endsWith('.deb')) run('dpkg', ['-x', join(folder, file), target])
}

function run(program, args, cwd = scratch) {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, encoding: 'utf8' })
  if (status === 0) return stdout
  throw new Error(`${program} ${args.join(' ')} failed. ${error?.message ?? stderr}`)
}
