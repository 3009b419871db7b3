import type { Route } from './call.js'
import type { Resource, Verb } from './operation-types.js'

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
    usage: { method: 'POST', path: '/v1/tasks/:task/usage', keyed: false },
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
    grant: { method: 'PUT', path: '/v1/swarms/:swarm/grants', keyed: false },
    retire: { method: 'POST', path: '/v1/swarms/:swarm/retire', keyed: true },
    send: { method: 'POST', path: '/v1/inboxes/:to/messages', keyed: true },
  },
  token: {
    whoami: { method: 'GET', path: '/v1/principal', keyed: false },
    issue: { method: 'POST', path: '/v1/tokens', keyed: false },
    list: { method: 'GET', path: '/v1/tokens', keyed: false },
    rotate: { method: 'POST', path: '/v1/tokens/rotate', keyed: false },
    revoke: { method: 'POST', path: '/v1/tokens/:id/revoke', keyed: false },
  },
  governor: {
    match: { method: 'GET', path: '/v1/tasks/:task/candidates', keyed: false },
    capabilities: { method: 'GET', path: '/v1/capabilities', keyed: false },
  },
  module: {
    load: { method: 'POST', path: '/v1/modules', keyed: false },
    list: { method: 'GET', path: '/v1/modules', keyed: false },
    show: { method: 'GET', path: '/v1/modules/:swarm', keyed: false },
    unload: { method: 'POST', path: '/v1/modules/:swarm/unload', keyed: false },
  },
  credential: {
    issue: { method: 'POST', path: '/v1/credentials', keyed: true },
    list: { method: 'GET', path: '/v1/credentials', keyed: false },
    rotate: { method: 'POST', path: '/v1/credentials/:id/rotate', keyed: true },
    revoke: { method: 'POST', path: '/v1/credentials/:id/revoke', keyed: true },
  },
  slo: {
    list: { method: 'GET', path: '/v1/slos', keyed: false },
    show: { method: 'GET', path: '/v1/slos/:swarm', keyed: false },
  },
  breaker: {
    list: { method: 'GET', path: '/v1/breakers', keyed: false },
    show: { method: 'GET', path: '/v1/breakers/:swarm', keyed: false },
    admit: { method: 'POST', path: '/v1/breakers/:swarm/admit', keyed: true },
    report: { method: 'POST', path: '/v1/breakers/:swarm/calls', keyed: true },
    trip: { method: 'POST', path: '/v1/breakers/:swarm/trip', keyed: true },
    reset: { method: 'POST', path: '/v1/breakers/:swarm/reset', keyed: true },
  },
  policy: {
    show: { method: 'GET', path: '/v1/policy', keyed: false },
    apply: { method: 'PUT', path: '/v1/policy', keyed: false },
    explain: { method: 'GET', path: '/v1/policy/explanation', keyed: false },
  },
  cost: {
    report: { method: 'GET', path: '/v1/costs', keyed: false },
    budget: { method: 'GET', path: '/v1/budgets', keyed: false },
    extend: { method: 'POST', path: '/v1/budgets/extend', keyed: true },
  },
  escalation: {
    ask: { method: 'POST', path: '/v1/escalations', keyed: true },
    list: { method: 'GET', path: '/v1/escalations', keyed: false },
    show: { method: 'GET', path: '/v1/escalations/:escalation', keyed: false },
    answer: { method: 'POST', path: '/v1/escalations/:escalation/answer', keyed: true },
  },
  approval: {
    request: { method: 'POST', path: '/v1/approvals', keyed: true },
    take: { method: 'POST', path: '/v1/approvals/:escalation/take', keyed: true },
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
