import type { Fabric } from '../fabric.js'

/** Something that runs until it is closed. */
export interface Running {
  close(): Promise<void>
}

export interface WhileLeadingOptions {
  readonly fabric: Pick<Fabric, 'nodes'>
  readonly start: () => Promise<Running>
  /** Told about a start or an end that failed, where nobody waits for it. */
  readonly report: (error: unknown) => void
}

/**
 * Runs something on the node that leads, and on no other: it starts when this node takes the lead and ends when it loses it. A
 * fabric of one process always leads; there a start that fails is thrown.
 */
export async function whileLeading({ fabric: { nodes }, start, report }: WhileLeadingOptions): Promise<Running> {
  if (nodes === undefined) return start()
  let running: Running | undefined
  let isClosed = false
  // One change after the other, each to what is so by then.
  let changes: Promise<void> = Promise.resolve()
  const change = () => {
    changes = changes.then(settle).catch(report)
    return changes
  }
  const settle = async () => {
    const wanted = nodes.leads && !isClosed
    if (wanted === (running !== undefined)) return
    const ended = running
    running = undefined
    if (wanted) running = await start()
    else await ended?.close()
  }
  const stop = nodes.onRole(() => void change())
  await change()
  return {
    close: () => {
      isClosed = true
      stop()
      return change()
    },
  }
}
