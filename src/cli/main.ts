#!/usr/bin/env node
import { unwritten } from './failure.js'
import { runCli, writeFailure } from './run.js'
import type { Terminal } from './terminal.js'

/** As shells report a process that SIGINT ended. */
const INTERRUPTED = 130

const argv = process.argv.slice(2)

const terminal: Terminal = {
  env: process.env,
  interactive: process.stdout.isTTY === true,
  size: () => {
    const { isTTY, rows, columns } = process.stdout
    return isTTY && rows > 0 && columns > 0 ? { rows, columns } : undefined
  },
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  interruption: () => {
    const interruption = new AbortController()
    const interrupt = () => {
      // Whoever asks twice does not want to wait; the log is safe at any moment.
      if (interruption.signal.aborted) process.exit(INTERRUPTED)
      interruption.abort()
    }
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, interrupt)
    return interruption.signal
  },
  onHangup: (listener) => void process.on('SIGHUP', listener),
  report: (outcome) => {
    if (process.send === undefined || !process.connected) return
    // An open channel would keep this process alive.
    process.send(outcome, () => {
      if (process.connected) process.disconnect()
    })
  },
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // The reader of a pipe may have seen enough, as `head` does.
  if (error.code === 'EPIPE') process.exit()
  process.exit(writeFailure(terminal, unwritten(error), argv.includes('--json')))
})

process.stderr.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit()
  // Nobody is left to be told, and a fabric that runs here goes on without its faults being written.
})

process.exitCode = await runCli(argv, terminal)
