import { nearest } from '../../user-file/nearest.js'

/** Fields of a status file, each with the names that agents give to it. Compared as `plainName` makes them. */
export const FIELD_NAMES = {
  swarm: [
    'session',
    'session_id',
    'session_name',
    'swarm',
    'swarm_id',
    'agent',
    'agent_id',
    'agent_name',
    'worker',
    'worker_id',
    'id',
    'name',
  ],
  state: ['status', 'state', 'task_status', 'task_state', 'current_status'],
  tasks: [
    'current_task',
    'current_task_id',
    'current_tasks',
    'task',
    'task_id',
    'tasks',
    'claim',
    'claims',
    'claiming',
    'claimed',
    'claimed_task',
    'claimed_tasks',
    'working_on',
    'active_task',
    'assigned_task',
    'in_progress',
    'current',
  ],
  completed: [
    'completed',
    'complete',
    'done',
    'finished',
    'completed_task',
    'completed_tasks',
    'tasks_completed',
    'finished_task',
    'finished_tasks',
    'tasks_done',
  ],
  failed: ['failed', 'failed_task', 'failed_tasks', 'tasks_failed'],
  released: ['released', 'release', 'releasing', 'unclaim', 'unclaimed', 'abandoned', 'dropped', 'giving_back'],
  progress: [
    'milestone',
    'progress',
    'percent',
    'percentage',
    'percent_complete',
    'progress_percent',
    'progress_percentage',
    'completion',
    'completion_percent',
    'completion_percentage',
    'checkpoint',
    'current_milestone',
  ],
  blocked: [
    'blocked_on',
    'blocked_by',
    'blocked',
    'blocker',
    'blockers',
    'blocking',
    'waiting_for',
    'waiting_on',
    'waits_for',
    'impediment',
    'impediments',
  ],
  help: ['needs', 'need', 'needs_help', 'help', 'help_needed', 'help_wanted', 'needs_help_with', 'help_request'],
  human: ['needs_human', 'human', 'question', 'questions', 'needs_approval', 'needs_decision', 'escalation'],
  reason: ['reason', 'blocked_reason', 'blocker_reason', 'failure_reason', 'failure', 'error'],
  note: ['note', 'notes', 'message', 'details', 'description', 'milestone_note', 'progress_note'],
  summary: ['summary', 'result', 'outcome'],
  next: ['next_action', 'next_actions', 'next', 'next_step', 'next_steps'],
  passed: ['tests_passed', 'tests_passing', 'passed_tests', 'passing_tests', 'passed'],
  testsFailed: ['tests_failed', 'tests_failing', 'failed_tests', 'failing_tests'],
  commits: [
    'commit',
    'commits',
    'commit_sha',
    'commit_hash',
    'commit_id',
    'sha',
    'evidence',
    'evidence_commit',
    'last_commit',
    'head_commit',
  ],
  deliverable: ['deliverable', 'deliverables', 'output', 'artifact', 'artifacts'],
  capabilities: ['capabilities', 'skills'],
  readUpTo: ['read_up_to', 'acknowledge', 'acknowledged', 'inbox_read', 'messages_read'],
} as const satisfies Record<string, readonly string[]>

export type StatusField = keyof typeof FIELD_NAMES

const FIELD_OF = new Map<string, StatusField>(
  (Object.entries(FIELD_NAMES) as [StatusField, readonly string[]][]).flatMap(([field, names]) =>
    names.map((name) => [name, field] as const),
  ),
)

/** What agents also write and nothing is made of. */
const OTHERS = new Set(['timestamp', 'last_poll', 'last_update', 'updated', 'branch', 'tests_pass', 'model', 'version'])

/** `Current Task`, `currentTask` and `current-task` as `current_task`. */
function plainName(key: string): string {
  return key
    .replace(/(?<=[a-z0-9])(?=[A-Z])/g, '_')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
}

/** The field that a key means; a key of a map inside of another is looked up with the name of that map first. */
export function fieldOf(key: string, around?: string): StatusField | undefined {
  const name = plainName(key)
  if (around === undefined) return FIELD_OF.get(name)
  const whole = FIELD_OF.get(`${plainName(around)}_${name}`)
  if (whole !== undefined) return whole
  // `task: {name: ...}` is no swarm.
  return name === 'id' || name === 'name' ? undefined : FIELD_OF.get(name)
}

/** The name that a key was probably meant to be. */
export function meantName(key: string): string | undefined {
  const name = plainName(key)
  if (FIELD_OF.has(name) || OTHERS.has(name) || name.length < SHORTEST_SLIP) return undefined
  const found = nearest(name, [...FIELD_OF.keys()])
  return found === undefined || found.length < SHORTEST_SLIP ? undefined : found
}

/** Of shorter names nearly everything is near. */
const SHORTEST_SLIP = 6
