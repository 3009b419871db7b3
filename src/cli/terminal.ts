/** What a command may touch of the process it runs in; tests put their own here. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Whether stdout is a screen that can be redrawn. */
  readonly interactive: boolean
  /** Lines and columns of the screen; undefined where there is none. */
  size(): { readonly rows: number; readonly columns: number } | undefined
  out(text: string): void
  err(text: string): void
  /** From the first call on, SIGINT and SIGTERM abort this signal instead of ending the process. */
  interruption(): AbortSignal
  /** Calls `listener` at each SIGHUP, by which a process is asked to read its configuration again. */
  onHangup(listener: () => void): void
  /** Tells the process that started this one in the background how the start went. */
  report(outcome: StartOutcome): void
}

/** How `up` went in a process that runs in the background. */
export type StartOutcome =
  | { readonly started: RunningFabric }
  | { readonly failed: { readonly code: string; readonly message: string; readonly details: object } }

/** Content of `endpoint.json` in the data directory of a running fabric. */
export interface RunningFabric {
  readonly url: string
  readonly pid: number
  /** RFC 3339. */
  readonly startedAt: string
  readonly version: string
  /** Verifier key of the key that signs its checkpoints. */
  readonly vkey: string
}
