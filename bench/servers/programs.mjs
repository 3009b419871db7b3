/**
 * Finds the servers that the benchmark of the journal starts: where an environment variable says, on the path, where
 * Debian puts them, or where `unpack.mjs` put them.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, realpathSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Packages that were unpacked, one directory for each release of Debian they come from. */
export const UNPACKED = fileURLToPath(new URL('../../.bench/servers', import.meta.url))

const PROGRAMS = {
  'nats-server': { variable: 'NATS_SERVER', flag: '--version', places: ['usr/sbin'] },
  etcd: { variable: 'ETCD', flag: '--version', places: ['usr/bin'] },
  'redis-server': { variable: 'REDIS_SERVER', flag: '--version', places: ['usr/bin'] },
  postgres: { variable: 'POSTGRES', flag: '--version', places: ['usr/lib/postgresql'], inVersions: true },
}

/** Every one that runs, the one of the variable first: its path, version, and the environment it needs. */
export function findPrograms(name) {
  const { variable, flag } = PROGRAMS[name]
  const stated = process.env[variable]
  const candidates = [...(stated === undefined ? [] : [{ path: stated, root: '/' }]), ...places(name)]
  const seen = new Set()
  return candidates.flatMap(({ path, root }) => {
    // Folders of the path are often links to each other.
    const real = existsSync(path) ? realpathSync(path) : undefined
    if (real === undefined || seen.has(real)) return []
    seen.add(real)
    const env = root === '/' ? process.env : { ...process.env, LD_LIBRARY_PATH: libraries(root) }
    const { status, stdout } = spawnSync(path, [flag], { env })
    const [version] = /\d+(\.\d+)+/.exec(String(stdout)) ?? []
    return status === 0 && version !== undefined ? [{ name, path, version, env }] : []
  })
}

/** Whether a version, such as `2.10.27`, is at least `major.minor`. */
export function isAtLeast({ version }, major, minor) {
  const [first, second] = version.split('.').map(Number)
  return first > major || (first === major && second >= minor)
}

function places(name) {
  const onPath = (process.env.PATH ?? '').split(delimiter).map((folder) => ({ path: join(folder, name), root: '/' }))
  const roots = ['/', ...list(UNPACKED)]
  const debian = roots.flatMap((root) => foldersOf(name, root).map((folder) => ({ path: join(folder, name), root })))
  // Programs of PostgreSQL look beside themselves, so the place they are linked from is none.
  return name === 'postgres' ? debian : [...onPath, ...debian]
}

function foldersOf(name, root) {
  const { places, inVersions = false } = PROGRAMS[name]
  const folders = places.map((place) => join(root, place))
  if (!inVersions) return folders
  return folders.flatMap((folder) => list(folder).map((version) => join(version, 'bin')))
}

/** Debian keeps libraries in a folder of the architecture. */
function libraries(root) {
  const folders = ['lib', 'usr/lib'].map((folder) => join(root, folder))
  const architectures = folders.flatMap((folder) => list(folder).filter((path) => path.endsWith('-linux-gnu')))
  return [...folders, ...architectures].join(delimiter)
}

function list(folder) {
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : []
}
