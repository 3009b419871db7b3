// Runs a witnessed fabric under load until it is killed, and prints what its callers heard: `started`, then `done TASK`
// for each task that was acknowledged, `read NOTE` (base64) for each checkpoint, and `fault CODE` for what went wrong.
import { writeSync } from 'node:fs'
import { openFabric } from '../../../dist/fabric/open.js'
import { FileJournal } from '../../../dist/journal/file/file-journal.js'
import { makeTask } from '../../../dist/testing/factories.js'
import { openStorage } from '../../../dist/witness/storage.js'

const WRITERS = 4
const ROTATE_EVERY = 7

const directory = process.argv[2]
const origin = { actor: 'admin' }
const say = (...words) => writeSync(1, `${words.join(' ')}\n`)
const report = (error) => say('fault', error.code)

const fabric = await openFabric({
  journal: new FileJournal({ directory, segmentBytes: 65_536 }),
  name: 'log.example',
  snapshotEvery: 500,
  report,
  witness: { open: async () => ({ storage: await openStorage(directory, report) }) },
})
say('started', fabric.witness.vkey)

const first = fabric.witness.size
let tasks = 0
async function create() {
  const id = `task-${first}-${tasks++}`
  await fabric.submit({ type: 'create_task', task: makeTask(id) }, origin)
  say('done', id)
}

async function read(signed) {
  const { note } = await signed
  say('read', Buffer.from(note).toString('base64'))
}

async function rotate() {
  await fabric.witness.rotateKey(origin)
  await read(fabric.witness.checkpoint())
}

for (let round = 1; ; round += 1) {
  // The one that is signed by itself comes when it comes.
  if (round % 10 === 0) read(fabric.witness.published())
  const work = round % ROTATE_EVERY === 0 ? rotate() : read(fabric.witness.checkpoint())
  await Promise.all([work, ...Array.from({ length: WRITERS }, create)])
}
