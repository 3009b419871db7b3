// Takes the place of the program in a child process, and tries what a guest would that broke out of WebAssembly. It is told where
// things are by one line of JSON, and tells for each attempt what came of it.
import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { appendFileSync, readdirSync, readFileSync, readSync, writeFileSync, writeSync } from 'node:fs'
import { connect, createServer } from 'node:net'

const order = Buffer.alloc(4_096)
const { port, socket, secretFile, newFile, process: victim } = JSON.parse(order.toString('utf8', 0, readSync(3, order)))

const attempts = {
  'read a file of the machine': () => readFileSync('/etc/passwd'),
  'read a file of the user': () => readFileSync(secretFile),
  'list the root': () => readdirSync('/'),
  'list the processes': () => readdirSync('/proc'),
  'write a file': () => writeFileSync(newFile, 'x'),
  'write where everybody may': () => writeFileSync('/tmp/burglar', 'x'),
  'write into the root': () => writeFileSync('/burglar', 'x'),
  'change its own program': () => appendFileSync(process.argv[1], '// x'),
  connect: () => settled(connect({ port, host: '127.0.0.1' }), 'connect'),
  'connect to a socket file': () => settled(connect(socket), 'connect'),
  'connect to the world': () => settled(connect({ port: 443, host: '192.0.2.1' }), 'connect'),
  listen: () => settled(createServer().listen(0), 'listening'),
  'send a datagram': () => sent(createSocket('udp4')),
  'start a program': () => settled(spawn(process.execPath, ['--version'], { stdio: 'ignore' }), 'spawn'),
  'start a shell': () => settled(spawn('/bin/sh', ['-c', 'true'], { stdio: 'ignore' }), 'spawn'),
  'end another process': () => process.kill(victim, 0),
}

function settled(emitter, good) {
  return new Promise((resolve, reject) => emitter.once(good, resolve).once('error', reject))
}

function sent(datagrams) {
  return new Promise((resolve, reject) => {
    datagrams.once('error', reject)
    datagrams.send('x', port, '127.0.0.1', (error) => (error ? reject(error) : resolve()))
  })
}

const outcomes = {}
for (const [name, attempt] of Object.entries(attempts)) {
  try {
    await attempt()
    outcomes[name] = 'done'
  } catch (error) {
    outcomes[name] = error.code ?? error.message
  }
}
const { env, argv, execArgv } = process
writeSync(4, `${JSON.stringify({ outcomes, env, argv: [...argv, ...execArgv] })}\n`)
process.exit(0)
