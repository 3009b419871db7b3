/** What example answers say where no example request has a word for it; keys, hashes and signatures are of a real log. */

export const TIME = '2026-01-31T08:30:00.000Z'
const LATER = '2026-01-31T09:00:00.000Z'
const TOMORROW = '2026-02-01T08:30:00.000Z'
const DIGEST = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const ROOT = 'gcoQxunzl3kpsPk1FF8j3xIvj58M2O3vYRxsNSVO3Y0='
const VKEY = 'main+0c74d1f8+ATCAItrcqbA2iTTakB6NV43gAM7UAJs6DjHIb5xrjARH'
const NEXT_VKEY = 'main+c5fb3025+AebJg9YlV6P1ny5SmNj9iDCTMdvFsZDzKC4+iBlufAZP'
const ROTATION = 'synFNvqnT/j8jl5MbdhVzAfiWrQt8OgrfaaD1Y8niFUSafoH40r5LixZuDF84e7Yukdl/8K7JCfa0CDVKgyfAg=='
const SIGNATURE = 'DHTR+F8cdYdVMrNdL7/e9PXQoioPmnTF0C6+SBIT3DJ4oW981z7OpxOg+pk7ROtbpjqNu5kPaYWb16XYctBlSOEP/gY='
const NOTE = `main\n7\n${ROOT}\n\n\u2014 main ${SIGNATURE}\n`
const PROOF = [
  'c2sp.org/tlog-proof@v1',
  'index 1',
  'CoZmW88rIXVTJzcLPNI/4pxRFDB5x9P5AXcZy1468TQ=',
  '0W02xJAaD5dg+4Yt9nYAH+TcTUgXeIVxl7loyqI0tlA=',
  'eCDePqHtImN7dOWAlfgjPZXWKVxmSQiz10nh0oghhlY=',
  '',
  NOTE,
].join('\n')

const FIRST_ENTRY = JSON.stringify({
  specversion: '1.0',
  id: '1',
  source: '/fabrics/main',
  type: 'infrafabric.fabric.fabric_started.v1',
  subject: 'main',
  time: '2026-01-01T00:00:00.000Z',
  actor: 'fabric',
  data: { version: 'test' },
})

/** An entry of the log, which no schema describes. */
const ENTRY = {
  specversion: '1.0',
  id: '42',
  source: '/fabrics/main',
  type: 'infrafabric.coordinator.task_claimed.v1',
  subject: 'P0.1.2',
  time: TIME,
  actor: 'swarm:session-4-sip',
  data: { task: 'P0.1.2', swarm: 'session-4-sip', leaseMs: 1_800_000 },
}

/** Says of an optional field that it is shown, and not how. */
export const SHOWN = Symbol('shown')

const FREE = { 'Task.state': 'available', 'Task.claim': undefined, 'Task.progress': [] }
const CLOSED = { 'Breaker.state': 'closed' }
const APPROVAL = {
  'Escalation.kind': 'approval',
  'Escalation.question': 'May this be done: deploy?',
  'Escalation.options': ['approve', 'deny'],
  'Escalation.context': { action: 'deploy', arguments: '{"service":"sip-edge"}', reason: 'release 1.4' },
}

const COMPLIANCE = {
  p99: { verdict: 'met', target: 500, actual: 120, errorBudget: 1 },
  success: { verdict: 'violated', target: 0.99, actual: 0.97, errorBudget: 0 },
  availability: { verdict: 'not_promised' },
}
const RUNS = { runs: 100, successRate: 0.97, availability: 1, p50Ms: 31, p95Ms: 84, p99Ms: 120 }

/**
 * By the name of a field, or by that of its component and its own. Optional fields are shown when they are named by both;
 * undefined leaves one out.
 */
export const WORDS: Readonly<Record<string, unknown>> = {
  'Task.state': 'claimed',
  'Task.priority': 50,
  'Task.claim': { swarm: 'session-4-sip', epoch: 42, claimedAt: TIME, leaseMs: 1_800_000 },
  'Task.milestones': [{ percent: 50, text: 'CAS works' }],
  'Task.progress': [{ percent: 50, note: 'CAS works', testsPassed: 8, at: TIME }],
  'Task.evidence': [],
  'TaskDetail.blockers': [],
  'Offer.kind': 'primary',
  'Offer.task': SHOWN,
  'Offer.claim': SHOWN,
  'Blocker.id': 'blocker-57',
  'Blocker.state': 'assigned',
  'Blocker.helpers': [{ swarm: 'session-2-webrtc', state: 'requested' }],
  'Swarm.id': 'session-4-sip',
  'Swarm.state': 'active',
  'SwarmRegisterAnswer.id': 'session-4-sip',
  'SwarmRegisterAnswer.state': 'active',
  'SwarmDetail.helping': [],
  'Escalation.id': 'escalation-91',
  'Escalation.kind': 'question',
  'Escalation.severity': 'warning',
  'Escalation.context': { partner: 'carrier-7' },
  'Status.entries': 120,
  'Status.swarms': 4,
  'Status.tasks': { blocked: 3, available: 5, claimed: 2, completed: 31, failed: 0, cancelled: 1 },
  'Status.journal.driver': 'file',
  'Status.journal.state': 'open',
  'Status.journal.durability': 'power',
  'Status.journal.entries': 120,
  'Status.journal.bytes': 61_440,
  'Breaker.probes': [],
  'Budget.id': 'swarm:session-4-sip/total',
  'Budget.window': 'total',
  'Policy.policy': { maxSwarmsPerTask: 3, minCapabilityMatch: 0.7 },
  'Explanation.allowed': true,
  'Explanation.checks': [{ check: 'task', passed: true }],
  'GovernorCapabilitiesAnswer.capabilities': [
    { name: 'api:grpc', meaning: 'Design and build gRPC services', own: false, grantedOnly: false },
  ],
  'Candidacy.eligible': true,
  'Candidacy.match': 1,
  'Candidacy.score': 0.92,
  'Slo.swarm': 'tokenizer',
  'Slo.runs': 240,
  'Slo.compliance': COMPLIANCE,
  'Slo.violated': ['success'],
  'Slo.newest': RUNS,
  'Slo.reputation': 0.9312,
  'Slo.effectiveReputation': 0.9312,
  'SloDetail.swarm': 'tokenizer',
  'SloDetail.runs': 240,
  'SloDetail.compliance': COMPLIANCE,
  'SloDetail.violated': ['success'],
  'SloDetail.newest': RUNS,
  'SloDetail.hour': { runs: 0 },
  'SloDetail.day': RUNS,
  'SloDetail.violations': [{ level: 'success', target: 0.99, actual: 0.98, at: TIME }],
  'SloDetail.reputation': 0.9312,
  'SloDetail.effectiveReputation': 0.9312,
  'SloDetail.history': [{ day: '2026-01-31', reputation: 0.9312 }],
  'SloDetail.judgedAt': TIME,
  'Export.files': [{ name: 'phase-0.md', content: '# Task board\n' }],
  'BlobPutAnswer.bytes': 19,
  'BlobShowAnswer.bytes': 19,
  'Checkpoint.size': 7,
  'Proof.index': 1,
  'Proof.entry': FIRST_ENTRY,
  'Rotation.vkey': NEXT_VKEY,
  'Rotation.signature': ROTATION,
  'WitnessTraceAnswer.nodes': 3,
  'WitnessTraceAnswer.complete': true,
  'WitnessTraceAnswer.root': {
    text: 'P0.1.2 "Atomic claims": claimed by session-4-sip under epoch 42',
    children: [
      { index: 41, at: TIME, actor: 'admin', text: 'created "Atomic claims"', children: [] },
      { index: 42, at: TIME, actor: 'swarm:session-4-sip', text: 'claimed by session-4-sip', children: [] },
    ],
  },
  amount: { nanos: 49_500_000, inputTokens: 12_000, outputTokens: 900, cachedTokens: 0 },
  settled: { nanos: 49_500_000, inputTokens: 12_000, outputTokens: 900, cachedTokens: 0 },
  held: { nanos: 10_000_000_000, inputTokens: 0, outputTokens: 0, cachedTokens: 0 },
  heldNanos: 10_000_000_000,
  spentNanos: 49_500_000,
  entries: [ENTRY],
  entry: JSON.stringify(ENTRY),
  actor: 'swarm:session-4-sip',
  asker: 'swarm:session-4-sip',
  from: 'swarm:session-2-webrtc',
  issuedBy: 'admin',
  issuedAt: TIME,
  leaseEndsAt: LATER,
  expiresAt: TOMORROW,
  index: 42,
  epoch: 42,
  createdIndex: 41,
  size: 120,
  next: 43,
  signed: 120,
  leaseMs: 1_800_000,
  root: ROOT,
  digest: DIGEST,
  sha256: DIGEST,
  vkey: VKEY,
  previous: VKEY,
  note: NOTE,
  proof: PROOF,
  origin: 'main',
  name: 'main',
  nextCursor: 'P0.1.2',
  capacity: 1,
  reputation: 0.92,
  effectiveReputation: 0.92,
}

/** The same where one operation answers otherwise. */
export const WORDS_OF: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'task.create': FREE,
  'task.ready': FREE,
  'task.release': FREE,
  'task.retry': FREE,
  'task.fail': {
    ...FREE,
    'Task.lastFailure': { swarm: 'session-4-sip', epoch: 42, at: TIME, reason: 'the build does not link' },
  },
  'task.cancel': { ...FREE, 'Task.state': 'cancelled', cancelled: ['P0.1.2'] },
  'task.complete': {
    'Task.state': 'completed',
    'Task.claim': undefined,
    'Task.evidence': [{ kind: 'command', command: 'npm test', exitCode: 0 }],
    'Task.completedBy': 'swarm:session-4-sip',
  },
  'blocker.answer': {
    'Blocker.swarm': 'session-4-sip',
    'Blocker.helpers': [{ swarm: 'session-2-webrtc', state: 'accepted', epoch: 61 }],
  },
  'blocker.resolve': {
    'Blocker.state': 'resolved',
    'Blocker.resolvedBy': 'swarm:session-4-sip',
    'Blocker.resolution': 'lease keep-alive was missing',
  },
  'swarm.retire': { 'Swarm.state': 'retired', released: ['P0.1.2'] },
  'breaker.show': CLOSED,
  'breaker.report': CLOSED,
  'breaker.reset': CLOSED,
  'breaker.trip': { 'Breaker.state': 'open', 'Breaker.latched': true, 'Breaker.cause': 'administrator' },
  'escalation.answer': {
    'Escalation.state': 'answered',
    'Escalation.answeredBy': 'admin',
    'Escalation.option': 'rfc3261',
  },
  'approval.request': APPROVAL,
  'approval.take': { ...APPROVAL, 'Escalation.state': 'taken' },
  'policy.apply': { changed: true },
  'blob.delete': { deleted: true },
  'token.issue': { token: 'ifab_5f3a9c0d27e14b86_(the secret)', name: 'session-4-sip', role: 'swarm' },
  'token.rotate': { token: 'ifab_5f3a9c0d27e14b86_(the secret)', name: 'session-4-sip', role: 'swarm' },
  'token.list': { name: 'session-4-sip', role: 'swarm' },
  'token.revoke': { name: 'session-4-sip', role: 'swarm' },
  'token.whoami': { role: 'swarm', 'TokenWhoamiAnswer.swarm': 'session-4-sip' },
  'witness.checkpoint': { size: 7 },
}
