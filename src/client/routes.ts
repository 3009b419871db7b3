import type { Resource, Verb } from '../operations/table.js'
import type { Route } from './call.js'

/** Generated from the operations table by `npm run generate`. Do not edit. */
export const ROUTES = {
  fabric: {
    status: { method: 'GET', path: '/v1/status', keyed: false },
  },
  task: {
    create: { method: 'POST', path: '/v1/tasks', keyed: true },
    list: { method: 'GET', path: '/v1/tasks', keyed: false },
    show: { method: 'GET', path: '/v1/tasks/:task', keyed: false },
    ready: { method: 'GET', path: '/v1/ready', keyed: false },
    next: { method: 'POST', path: '/v1/next', keyed: true },
    claim: { method: 'POST', path: '/v1/tasks/:task/claim', keyed: false },
    heartbeat: { method: 'POST', path: '/v1/tasks/:task/heartbeat', keyed: false },
    milestone: { method: 'POST', path: '/v1/tasks/:task/milestones', keyed: true },
    block: { method: 'POST', path: '/v1/tasks/:task/blockers', keyed: true },
    complete: { method: 'POST', path: '/v1/tasks/:task/complete', keyed: true },
    fail: { method: 'POST', path: '/v1/tasks/:task/fail', keyed: true },
    release: { method: 'POST', path: '/v1/tasks/:task/release', keyed: true },
    cancel: { method: 'POST', path: '/v1/tasks/:task/cancel', keyed: true },
    retry: { method: 'POST', path: '/v1/tasks/:task/retry', keyed: true },
  },
  blocker: {
    list: { method: 'GET', path: '/v1/blockers', keyed: false },
    assign: { method: 'POST', path: '/v1/blockers/:blocker/assign', keyed: true },
    answer: { method: 'POST', path: '/v1/blockers/:blocker/answer', keyed: true },
    resolve: { method: 'POST', path: '/v1/blockers/:blocker/resolve', keyed: true },
  },
  swarm: {
    register: { method: 'PUT', path: '/v1/swarms/:swarm', keyed: false },
    list: { method: 'GET', path: '/v1/swarms', keyed: false },
    show: { method: 'GET', path: '/v1/swarms/:swarm', keyed: false },
    retire: { method: 'POST', path: '/v1/swarms/:swarm/retire', keyed: true },
    send: { method: 'POST', path: '/v1/inboxes/:to/messages', keyed: true },
  },
  inbox: {
    read: { method: 'GET', path: '/v1/inboxes/:swarm', keyed: false },
    acknowledge: { method: 'POST', path: '/v1/inboxes/:swarm/acknowledge', keyed: false },
  },
  board: {
    import: { method: 'POST', path: '/v1/boards/:board/import', keyed: false },
    export: { method: 'GET', path: '/v1/export', keyed: false },
  },
  log: {
    read: { method: 'GET', path: '/v1/entries', keyed: false },
  },
  blob: {
    put: { method: 'POST', path: '/v1/blobs', keyed: false },
    show: { method: 'GET', path: '/v1/blobs/:sha256', keyed: false },
    delete: { method: 'POST', path: '/v1/blobs/:sha256/delete', keyed: false },
  },
  witness: {
    checkpoint: { method: 'GET', path: '/v1/witness/checkpoint', keyed: false },
    prove: { method: 'GET', path: '/v1/witness/proof', keyed: false },
    query: { method: 'GET', path: '/v1/witness/entries', keyed: false },
    rotate: { method: 'POST', path: '/v1/witness/rotate', keyed: false },
    trace: { method: 'GET', path: '/v1/witness/traces/:id', keyed: false },
  },
} as const satisfies { readonly [R in Resource]: { readonly [V in Verb<R>]: Route } }
