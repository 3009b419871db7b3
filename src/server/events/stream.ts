import type { ServerResponse } from 'node:http'
import type { Following } from '../../fabric/fabric.js'
import { asFabricError, FabricError, isFabricError } from '../../model/errors.js'
import { problemOf } from '../problem.js'
import type { Pulse } from '../push/pulse.js'
import type { Frames } from './frames.js'

const RECONNECT_MS = 500
/** How long a reader may take nothing of what was written, and then the end of it. */
const PATIENCE_MS = 60_000
const LINGER_MS = 5_000

export interface StreamSettings {
  readonly out: ServerResponse
  readonly following: Following
  /** Index of the first entry that may come. */
  readonly from: number
  readonly signal: AbortSignal
  readonly frames: Frames
  readonly pulse: Pulse
}

/** Writes entries as they come until the signal aborts or the log ends, with the reason where there is one to tell. */
export async function streamEntries(settings: StreamSettings): Promise<void> {
  const { out, following, from, signal, frames } = settings
  out.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
  // The id alone fires no event, but a reader that loses the connection before the first entry resumes from here.
  out.write(`retry: ${RECONNECT_MS}\nid: ${from - 1}\n\n`)
  const told = { next: from }
  const stopBeating = settings.pulse.add(() => beat(settings, told))
  try {
    for await (const batch of following) {
      told.next = (batch.at(-1)?.index ?? 0) + 1
      if (!out.write(frames.of(batch)) && !(await drained(out, signal))) throw tooSlow()
    }
    if (isTokenEnd(signal.reason)) throw signal.reason
  } catch (error) {
    out.write(`event: dropped\ndata: ${JSON.stringify(problemOf(asFabricError(error)))}\n\n`)
  } finally {
    stopBeating()
    end(out)
  }
}

/**
 * Shows reader and proxies that the stream is alive. Where entries were passed over, it tells how far, so that a reader that
 * connects again is not given them to look through once more.
 */
function beat({ out, following }: StreamSettings, told: { next: number }): void {
  if (out.writableNeedDrain) return
  const { position } = following
  out.write(position > told.next ? `id: ${position - 1}\n\n` : ':\n\n')
  told.next = Math.max(told.next, position)
}

/** Resolves with true when the reader has taken what was written, or is gone; with false when it takes nothing for long. */
function drained(out: ServerResponse, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const done = () => settle(true)
    const patience = setTimeout(() => settle(false), PATIENCE_MS)
    const settle = (inTime: boolean) => {
      clearTimeout(patience)
      out.off('drain', done)
      signal.removeEventListener('abort', done)
      resolve(inTime)
    }
    out.once('drain', done)
    signal.addEventListener('abort', done, { once: true })
    if (signal.aborted) done()
  })
}

/** A reader that has not taken the end, and the reason before it, after a while loses its connection. */
function end(out: ServerResponse): void {
  out.end()
  if (out.closed) return
  const linger = setTimeout(() => out.destroy(), LINGER_MS)
  out.once('close', () => clearTimeout(linger))
}

function tooSlow(): FabricError {
  const message = `The reader took nothing for ${PATIENCE_MS / 1_000} s. Connect again with the id of the last event.`
  return new FabricError('RATE_LIMITED', message)
}

function isTokenEnd(reason: unknown): boolean {
  return isFabricError(reason) && reason.code === 'UNAUTHENTICATED'
}
