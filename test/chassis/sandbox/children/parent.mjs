// Starts a child at the level that it is told, has it run for ever, says its process, and waits to be killed.
import { encodeCall, TO_CHILD } from '../../../../dist/chassis/child/frames.js'
import { CHILD_PROGRAM } from '../../../../dist/chassis/jail/program.js'
import { SandboxChild } from '../../../../dist/chassis/sandbox/child.js'
import { probeJails } from '../../../../dist/chassis/sandbox/probe-jails.js'

// Children keep no process alive.
setInterval(() => undefined, 1_000)
const { jail } = await probeJails([process.argv[2]])
const child = await SandboxChild.start(jail, CHILD_PROGRAM)
const endless = Buffer.from(process.argv[3], 'hex')
const none = { fuel: 0, outputBytes: 0, logBytes: 0, requestBytes: 0, logLines: 0 }
const loaded = new Promise((resolve) => {
  child.listen({ onFrame: resolve, onWrong: resolve, onEnd: resolve }, new Map([[17, 0]]))
})
child.send(TO_CHILD.load, Buffer.concat([Uint8Array.of(0), endless]))
await loaded
child.send(TO_CHILD.call, encodeCall({ ...none, key: Buffer.alloc(32), input: Buffer.alloc(0) }))
process.stdout.write(`${child.pid}\n`)
