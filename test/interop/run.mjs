/**
 * Has Go's checksum database packages read what this package writes, and the other way round: `npm run test:interop`.
 * Needs Go and the sources of golang.org/x/mod in a GOPATH; on Debian, golang-go and golang-golang-x-mod-dev.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatNote, parseNote, verifyNote } from '../../dist/witness/note/note.js'
import { NoteSigner } from '../../dist/witness/note/signer.js'
import { parseVkey } from '../../dist/witness/note/verifier.js'
import { tilePath } from '../../dist/witness/tree/tile.js'
import { CosignedFabric } from './fabric.mjs'
import { growLog } from './growing-log.mjs'
import { Reader } from './reader.mjs'

const SIZES = [0, 1, 2, 255, 256, 257, 65_537]
/** Tiles of logs that are too large to be made here. */
const PLACES = [
  ['entries', 999, 256],
  ['entries', 1_000, 12],
  [0, 1_234_067, 256],
  [1, 70_000_001, 1],
  [6, 2, 255],
]
const NAMES = ['fabric', 'example.com/log', 'schwärme.example/→7']
const TEXT = 'first line\n\n— after a blank line, ünïcödé 😀\n'

const root = mkdtempSync(join(tmpdir(), 'infrafabric-interop-'))
const fabric = new CosignedFabric(root)
process.once('exit', () => {
  fabric.kill()
  rmSync(root, { recursive: true, force: true, maxRetries: 5 })
})
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130))

const go = Reader.build(root)
if (go === undefined) {
  console.error(
    'NOT CHECKED whether others can read the log: this machine has no Go, or no golang.org/x/mod in its GOPATH.',
  )
  console.error('Install them and run it again; on Debian: apt-get install golang-go golang-golang-x-mod-dev')
  process.exit(1)
}
checkKeys()
checkPaths()
await checkSizes()
try {
  await checkFabric()
} finally {
  await fabric.stop()
}

function checkKeys() {
  const key = join(root, 'key')
  const text = join(root, 'text')
  writeFileSync(text, TEXT)
  const signed = (skey) => {
    writeFileSync(key, `${skey}\n`)
    return go.run('sign', key, text)
  }
  for (const name of NAMES) {
    const [skey, vkey] = go.run('generate', name).split('\n')
    const theirs = verifyNote(parseNote(signed(skey)), [parseVkey(vkey)])
    assert.equal(theirs.text, TEXT)
    const ours = NoteSigner.generate(name)
    for (const signer of [NoteSigner.parse(skey), ours]) {
      assert.equal(formatNote(TEXT, [signer.sign(TEXT)]), signed(signer.skey))
    }
  }
  console.log(`Keys: ${NAMES.length} of each side sign the same on both.`)
}

function checkPaths() {
  for (const [level, index, width] of PLACES) {
    const number = level === 'entries' ? -1 : level
    assert.equal(go.run('path', number, index, width), `/${tilePath(level, index, width)}\n`)
  }
  console.log(`Paths: ${PLACES.length} tiles of larger logs have the same.`)
}

async function checkSizes() {
  for await (const { size, directory, vkey, proofs, requests } of growLog(root, SIZES)) {
    const line = checkLog(directory, vkey, size, 0)
    for (const { file, index } of proofs) {
      assert.equal(go.run('proof', directory, vkey, file), `entry ${index} of ${size}\n`)
    }
    for (const { file, seen, oldSize } of requests) {
      assert.equal(go.run('extends', seen, vkey, file), `${size} extends ${oldSize}\n`)
    }
    console.log(`A growing log: ${line}, ${proofs.length} proofs, ${requests.length} requests to a witness.`)
  }
}

async function checkFabric() {
  const { size, vkey } = await fabric.start()
  const directory = join(root, 'export')
  fabric.ifab('witness', 'export', directory)
  const line = checkLog(directory, vkey, size, 1)
  const proof = join(root, 'entry.tlog-proof')
  const indexes = [0, 256, size - 1]
  for (const index of indexes) {
    fabric.ifab('witness', 'prove', String(index), '--output', proof)
    assert.equal(go.run('proof', directory, vkey, proof), `entry ${index} of ${size}\n`)
  }
  const served = await checkServed(directory)
  checkKeyFile()
  console.log(`A cosigned fabric: ${line}, ${indexes.length} proofs; it serves the same ${served} tiles and bundles.`)
  checkDamage(directory, proof, vkey)
}

/** Every entry, as many as expected, with that many signatures that are not the log's own. */
function checkLog(directory, vkey, size, unknown) {
  const line = go.run('log', directory, vkey).trim()
  assert.match(line, new RegExp(`^entries ${size}, sizes \\d+, unknown signatures ${unknown}$`))
  return line
}

/** What is served is what was exported. Returns how many files those are. */
async function checkServed(directory) {
  const authorization = `Bearer ${readFileSync(join(fabric.data, 'admin.token'), 'utf8').trim()}`
  const paths = filesOf(directory).filter((path) => path.startsWith('tile/'))
  for (const path of paths) {
    const reply = await fetch(new URL(path, fabric.url), { headers: { authorization } })
    assert.deepEqual(Buffer.from(await reply.arrayBuffer()), readFileSync(join(directory, path)), path)
  }
  return paths.length
}

/** With the key file of the fabric, Go signs its checkpoint as the fabric did. */
function checkKeyFile() {
  const signed = readFileSync(join(fabric.data, 'witness', 'checkpoint'), 'utf8')
  const text = join(root, 'text')
  writeFileSync(text, parseNote(signed).text)
  assert.equal(go.run('sign', join(fabric.data, 'witness', 'key'), text), signed)
}

/** Changes one byte at a time and expects Go to find it. */
function checkDamage(directory, proof, vkey) {
  const paths = filesOf(directory).filter((path) => path !== 'vkey.txt')
  const count = paths.reduce((sum, path) => {
    const check = () => assert.match(go.refusal('log', directory, vkey), complaint(path), path)
    return sum + damage(join(directory, path), check)
  }, 0)
  const more = damage(proof, () => assert.match(go.refusal('proof', directory, vkey, proof), /^(proof|checkpoint): /))
  console.log(`Damage: each of ${count + more} changed bytes in ${paths.length + 1} files is found.`)
}

function complaint(path) {
  if (path === 'checkpoint') return /^checkpoint: /
  // Not every tile is held against the one above it by Go: the proofs of its entries fail then.
  return path.startsWith('tile/entries/') ? /^(bundle|entry) \d+: / : /^(tiles|entry \d+): /
}

/** Calls `check` with one byte of a file changed, for several in turn. Returns for how many. */
function damage(path, check) {
  const content = readFileSync(path)
  // In a text the beginning of each line: the last bits of base64 may mean nothing.
  const lines = [...content.keys()].filter((at) => at === 0 || content[at - 1] === 0x0a)
  const places = path.includes('/tile/') ? [0, content.length >> 1, content.length - 1] : lines
  for (const at of places) {
    const changed = Buffer.from(content)
    changed[at] ^= 1
    writeFileSync(path, changed)
    check()
  }
  writeFileSync(path, content)
  return places.length
}

/** Paths of all files below a directory, with slashes as in URLs. */
function filesOf(directory, prefix = '') {
  return readdirSync(join(directory, prefix), { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesOf(directory, `${prefix}${entry.name}/`) : [`${prefix}${entry.name}`],
  )
}
