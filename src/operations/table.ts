import type * as z from 'zod'
import * as blobs from './blobs.js'
import * as blockers from './blockers.js'
import * as boards from './boards.js'
import * as breakers from './breakers.js'
import * as claims from './claims.js'
import * as costs from './costs.js'
import * as credentials from './credentials.js'
import * as escalations from './escalations.js'
import * as fabric from './fabric.js'
import * as governor from './governor.js'
import * as inbox from './inbox.js'
import * as log from './log.js'
import * as modules from './modules.js'
import type { Operation } from './operation.js'
import * as policy from './policy.js'
import * as serviceLevels from './service-levels.js'
import * as swarms from './swarms.js'
import * as tasks from './tasks.js'
import * as tokens from './tokens.js'
import * as witness from './witness.js'
import * as witnessQuery from './witness-query.js'
import * as witnessTrace from './witness-trace.js'

/** Every operation, by resource and verb: `operations.task.claim` is called `task.claim`. */
export const operations = {
  fabric: { status: fabric.status },
  task: {
    create: tasks.create,
    list: tasks.list,
    show: tasks.show,
    ready: tasks.ready,
    next: tasks.next,
    claim: claims.claim,
    heartbeat: claims.heartbeat,
    usage: claims.usage,
    milestone: claims.milestone,
    block: claims.block,
    complete: claims.complete,
    fail: claims.fail,
    release: claims.release,
    cancel: tasks.cancel,
    retry: tasks.retry,
  },
  blocker: { list: blockers.list, assign: blockers.assign, answer: blockers.answer, resolve: blockers.resolve },
  swarm: {
    register: swarms.register,
    list: swarms.list,
    show: swarms.show,
    grant: swarms.grant,
    retire: swarms.retire,
    send: swarms.send,
  },
  token: {
    whoami: tokens.whoami,
    issue: tokens.issue,
    list: tokens.list,
    rotate: tokens.rotate,
    revoke: tokens.revoke,
  },
  governor: { match: governor.match, capabilities: governor.capabilities },
  module: { load: modules.load, list: modules.list, show: modules.show, unload: modules.unload },
  credential: {
    issue: credentials.issue,
    list: credentials.list,
    rotate: credentials.rotate,
    revoke: credentials.revoke,
  },
  slo: { list: serviceLevels.list, show: serviceLevels.show },
  breaker: {
    list: breakers.list,
    show: breakers.show,
    admit: breakers.admit,
    report: breakers.report,
    trip: breakers.trip,
    reset: breakers.reset,
  },
  policy: { show: policy.show, apply: policy.apply, explain: policy.explain },
  cost: { report: costs.report, budget: costs.budget, extend: costs.extend },
  escalation: {
    ask: escalations.ask,
    list: escalations.list,
    show: escalations.show,
    answer: escalations.answer,
  },
  approval: { request: escalations.request, take: escalations.take },
  inbox: { read: inbox.read, acknowledge: inbox.acknowledge },
  board: { import: boards.importBoard, export: boards.exportBoard },
  log: { read: log.read },
  blob: { put: blobs.put, show: blobs.show, delete: blobs.remove },
  witness: {
    checkpoint: witness.checkpoint,
    prove: witness.prove,
    query: witnessQuery.query,
    rotate: witness.rotate,
    trace: witnessTrace.trace,
  },
}

type Operations = typeof operations
export type Resource = keyof Operations
export type Verb<R extends Resource> = keyof Operations[R]

type OperationOf<R extends Resource, V extends Verb<R>> = Operations[R][V]
/** What a caller writes: defaults may be left out, and `undefined` counts as left out. */
export type InputOf<R extends Resource, V extends Verb<R>> =
  OperationOf<R, V> extends Operation<infer Input, z.ZodType> ? Loose<z.input<Input>> : never
/** What it answers. */
export type OutputOf<R extends Resource, V extends Verb<R>> =
  OperationOf<R, V> extends Operation<z.ZodObject, infer Output> ? z.output<Output> : never

type Loose<Input> = Pick<Input, RequiredKeys<Input>> & {
  readonly [Key in Exclude<keyof Input, RequiredKeys<Input>>]?: Input[Key] | undefined
}
type RequiredKeys<Input> = {
  [Key in keyof Input]-?: Record<never, never> extends Pick<Input, Key> ? never : Key
}[keyof Input]

export interface NamedOperation extends Operation {
  /** `<resource>.<verb>` */
  readonly name: string
}

/** The table as a list. */
export const OPERATION_LIST: readonly NamedOperation[] = Object.entries(operations).flatMap(([resource, verbs]) =>
  Object.entries<Operation>(verbs).map(([verb, row]) => ({ name: `${resource}.${verb}`, ...row })),
)
