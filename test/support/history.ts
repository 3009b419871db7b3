import type { Transport, TransportReply, TransportRequest } from '../../src/client/transport.js'

/** What a call asks, as far as the checks know it; anything else is `other`. */
export type Verb = 'claim' | 'heartbeat' | 'usage' | 'release' | 'complete' | 'show' | 'other'

/** One attempt at a call over HTTP: what was asked, and what came back, if anything did. */
export interface Attempt {
  /** Who called; one call at a time. */
  readonly client: string
  readonly node: string
  readonly verb: Verb
  readonly task: string
  /** For whom it speaks, and under which epoch. */
  readonly swarm?: string
  readonly epoch?: number
  /** Name of the report of usage in it. */
  readonly report?: string
  /** Attempts with the same key are one command, which is done once. */
  readonly key?: string
  /** Position of the log that the state must have at least. */
  readonly seen?: number
  /** Milliseconds on the clock of the machine that is never set and is the same for all processes. */
  readonly sentAt: number
  readonly endedAt: number
  /** Absent when no answer came that says what became of it; `open` says why. */
  readonly answer?: Answer
  /** A code that leaves open whether it was done, or of the system. */
  readonly open?: string
}

export interface Answer {
  /** Code of the refusal; absent for what was done. */
  readonly code?: string
  /** State of the task, its holder and the epoch, where the answer has them. */
  readonly state?: string
  readonly swarm?: string
  readonly epoch?: number
  /** It was the holder who claimed again. */
  readonly reclaimed?: boolean
  /** Position of the log that the answering node had. */
  readonly position?: number
}

/** Codes that leave open whether something was done: the caller tries again. */
const OPEN = new Set(['UNAVAILABLE', 'AMBIGUOUS', 'FENCED', 'STORAGE_FAILED', 'RATE_LIMITED'])
const PATH = /\/v1\/tasks\/([^/?]+)(?:\/(claim|heartbeat|usage|release|complete))?$/
const POSITION = 'ifab-position'

/** Milliseconds that all processes of this machine count alike. */
export function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/** A transport that takes down each attempt before anybody hears of its outcome. */
export function recordedTransport(client: string, transport: Transport, record: (attempt: Attempt) => void): Transport {
  return async (request) => {
    const asked = askedIn(request)
    const sentAt = machineMs()
    const take = (outcome: Pick<Attempt, 'answer' | 'open'>) => {
      record({ client, ...asked, sentAt, endedAt: machineMs(), ...outcome })
    }
    try {
      const reply = await transport(request)
      take(outcomeIn(reply))
      return reply
    } catch (error) {
      take({ open: error instanceof Error && 'code' in error ? String(error.code) : 'no answer' })
      throw error
    }
  }
}

function askedIn({ method, url, headers, body }: TransportRequest) {
  const { host, pathname } = new URL(url)
  const [, task = '', word] = PATH.exec(pathname) ?? []
  const verb = (task === '' ? 'other' : (word ?? (method === 'GET' ? 'show' : 'other'))) as Verb
  const { as, epoch, usage } = body === undefined ? {} : JSON.parse(String(body))
  const { 'idempotency-key': key, [POSITION]: seen } = headers as Record<string, string>
  return {
    ...{ node: host, verb, task },
    ...(as !== undefined && { swarm: as }),
    ...(epoch !== undefined && { epoch }),
    ...(usage !== undefined && { report: usage.id }),
    ...(key !== undefined && { key }),
    ...(seen !== undefined && { seen: Number(seen) }),
  }
}

function outcomeIn({ status, text, header }: TransportReply): Pick<Attempt, 'answer' | 'open'> {
  const position = header?.(POSITION)
  const at = position === undefined || position === null ? {} : { position: Number(position) }
  const body = parsed(text)
  if (body === undefined) return { open: `HTTP ${status}` }
  if (status >= 400) {
    const { code, details } = body
    const why = details?.reason === undefined ? code : `${code} ${details.reason}`
    return OPEN.has(code) ? { open: why } : { answer: { code, ...at, ...liveIn(details) } }
  }
  const task = body.task?.id === undefined ? body : body.task
  const holder = task.claim ?? body
  const answer = {
    ...at,
    ...(task.state !== undefined && { state: task.state }),
    ...(holder.swarm !== undefined && { swarm: holder.swarm }),
    ...(holder.epoch !== undefined && { epoch: holder.epoch }),
    ...(body.reclaimed === true && { reclaimed: true }),
  }
  return { answer }
}

/** Who has the claim that a refusal speaks of. */
function liveIn(details: { holder?: string; liveEpoch?: number; state?: string } = {}): Partial<Answer> {
  const { holder, liveEpoch, state } = details
  return {
    ...(holder !== undefined && { swarm: holder }),
    ...(liveEpoch !== undefined && { epoch: liveEpoch }),
    ...(state !== undefined && { state }),
  }
}

// biome-ignore lint/suspicious/noExplicitAny: an answer of any operation.
function parsed(text: string): any {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
