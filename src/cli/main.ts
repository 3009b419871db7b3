#!/usr/bin/env node
import { runCli } from './run.js'
import type { Terminal } from './terminal.js'

const terminal: Terminal = {
  env: process.env,
  interactive: process.stdout.isTTY === true,
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  interruption: () => {
    const interruption = new AbortController()
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interruption.abort())
    return interruption.signal
  },
  report: (outcome) => {
    if (process.send === undefined) return
    process.send(outcome)
    // An open channel would keep this process alive.
    process.disconnect()
  },
}

// The reader of a pipe may have seen enough, as `head` does.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit()
    throw error
  })
}

process.exitCode = await runCli(process.argv.slice(2), terminal)
