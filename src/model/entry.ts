/**
 * One log entry as the fold sees it. The stored form is CloudEvents 1.0 JSON (see `docs/reference/formats.md`); its
 * exact bytes are what the witness hashes.
 */
export interface Entry<Type extends string = string, Data = unknown> {
  /** Position in the journal, from 0. A claim's epoch is the index of its `task_claimed` entry. */
  readonly index: number
  readonly type: Type
  /** Id of the task, swarm, board or blocker this is about. */
  readonly subject: string
  /** Milliseconds since the Unix epoch, UTC. */
  readonly at: number
  /** Who caused it: `admin`, `swarm:<id>`, `<role>:<name>`, or `fabric` for timers. */
  readonly actor: string
  /** W3C trace context of the request that led to it. */
  readonly traceparent?: string
  readonly data: Data
}

/** An entry before its index, time and actor are known. */
export type EntryDraft<Union extends Entry = Entry> =
  Union extends Entry<infer Type, infer Data>
    ? { readonly type: Type; readonly subject: string; readonly data: Data }
    : never

/** The actor of timers and of the engine's own entries. */
export const FABRIC_ACTOR = 'fabric'

/** The actor of whoever holds the admin token and speaks for no swarm. */
export const ADMIN_ACTOR = 'admin'

export function swarmActor(swarm: string): string {
  return `swarm:${swarm}`
}

/** The swarm that an actor is, or undefined. */
export function actorSwarm(actor: string): string | undefined {
  return actor.startsWith('swarm:') ? actor.slice('swarm:'.length) : undefined
}
