export type MetricType = 'counter' | 'gauge' | 'histogram'

interface MetricRow {
  readonly type: MetricType
  readonly help: string
  readonly labels?: readonly string[]
}

/**
 * Every metric, in the order in which they are shown. Units are in the names; counters end in `_total` and begin at zero
 * when the process starts. No label holds the name of a task or a swarm: what grows with the work has no series of its own.
 */
export const METRICS = {
  infrafabric_build_info: { type: 'gauge', help: 'Always 1; the labels say what runs.', labels: ['version', 'fabric'] },
  infrafabric_ready: { type: 'gauge', help: 'Whether /readyz says that the fabric decides commands: 1 or 0.' },
  infrafabric_state: {
    type: 'gauge',
    help: '1 for the state that the engine is in, 0 for the others.',
    labels: ['state'],
  },
  infrafabric_node_leads: { type: 'gauge', help: 'Of several nodes: whether this one leads, 1 or 0.' },
  infrafabric_node_lag_entries: { type: 'gauge', help: 'Of several nodes: entries of the log that this one lacks.' },
  infrafabric_node_age_seconds: { type: 'gauge', help: 'Of several nodes: how old what this one shows may be.' },

  infrafabric_operation_duration_seconds: {
    type: 'histogram',
    help: 'Calls of operations over HTTP, sockets and MCP, by outcome: done, refused or failed; with the wait of long polls.',
    labels: ['operation', 'outcome'],
  },
  infrafabric_commands_total: { type: 'counter', help: 'Commands that were decided, refused ones too.' },
  infrafabric_commands_refused_total: {
    type: 'counter',
    help: 'Commands that were refused.',
    labels: ['command', 'code'],
  },
  infrafabric_commands_queued: { type: 'gauge', help: 'Commands that wait for their batch.' },
  infrafabric_claims_granted_total: { type: 'counter', help: 'Claims that were granted.' },
  infrafabric_claims_refused_total: {
    type: 'counter',
    help: 'Claims and offers of work that were refused.',
    labels: ['code'],
  },
  infrafabric_tasks_completed_total: { type: 'counter', help: 'Tasks that were completed.' },
  infrafabric_task_attempts_failed_total: { type: 'counter', help: 'Attempts that their holder reported as failed.' },
  infrafabric_claims_released_total: {
    type: 'counter',
    help: 'Claims that ended without a result: given back, expired, or taken away.',
  },
  infrafabric_tasks: { type: 'gauge', help: 'Tasks in memory by state.', labels: ['state'] },
  infrafabric_tasks_stuck: { type: 'gauge', help: 'Claimed tasks with an open blocker.' },
  infrafabric_blockers_open: { type: 'gauge', help: 'Blockers that are not resolved.' },
  infrafabric_swarms: { type: 'gauge', help: 'Registered swarms, retired ones too.' },
  infrafabric_swarms_active: { type: 'gauge', help: 'Registered swarms that are not retired.' },

  infrafabric_inbox_messages_unread: {
    type: 'gauge',
    help: 'Messages that their readers have not dealt with: all swarms together, and the orchestrator.',
    labels: ['reader'],
  },
  infrafabric_inbox_oldest_unread_seconds: {
    type: 'gauge',
    help: 'Age of the oldest unread message; 0 without one.',
    labels: ['reader'],
  },
  infrafabric_callers_waiting: { type: 'gauge', help: 'Callers that wait for work or messages.' },
  infrafabric_wait_wake_seconds: {
    type: 'histogram',
    help: 'From the commit that wakes a waiting caller to what it was woken for.',
  },
  infrafabric_push_connections: { type: 'gauge', help: 'Open event streams and sockets.', labels: ['kind'] },
  infrafabric_followers: { type: 'gauge', help: 'Readers that follow the log inside the process.' },

  infrafabric_commit_duration_seconds: {
    type: 'histogram',
    help: 'From the first decision of a batch to its answers.',
  },
  infrafabric_journal_append_duration_seconds: { type: 'histogram', help: 'Until the journal made a batch durable.' },
  infrafabric_journal_flush_duration_seconds: { type: 'histogram', help: 'One flush of the journal to its disk.' },
  infrafabric_batch_commands: { type: 'histogram', help: 'Commands decided in one batch.' },
  infrafabric_batch_entries: { type: 'histogram', help: 'Entries written in one batch.' },
  infrafabric_entries_written_total: { type: 'counter', help: 'Entries written by type.', labels: ['type'] },
  infrafabric_recoveries_total: {
    type: 'counter',
    help: 'Times the state was made anew from the journal after an append that failed.',
  },
  infrafabric_journal_entries: { type: 'gauge', help: 'Entries in the log: the index of the next one.' },
  infrafabric_journal_size_bytes: { type: 'gauge', help: 'Size of the log.' },
  infrafabric_journal_open: { type: 'gauge', help: 'Whether the journal takes appends: 1 or 0.' },
  infrafabric_witness_size_entries: { type: 'gauge', help: 'Entries in the tree of the witness.' },
  infrafabric_witness_signed_entries: { type: 'gauge', help: 'Entries that the last signed checkpoint covers.' },

  infrafabric_breakers: {
    type: 'gauge',
    help: 'Circuit breakers that are not closed; latched ones wait for a person.',
    labels: ['state'],
  },
  infrafabric_escalations_open: { type: 'gauge', help: 'Questions that wait for a person, by kind.', labels: ['kind'] },
  infrafabric_budget_spent_dollars: {
    type: 'gauge',
    help: 'Spent in the current window of a scope. Boards are those that the policy names.',
    labels: ['scope', 'name', 'window'],
  },
  infrafabric_budget_held_dollars: {
    type: 'gauge',
    help: 'Reserved in the current window of a scope.',
    labels: ['scope', 'name', 'window'],
  },
  infrafabric_budget_limit_dollars: {
    type: 'gauge',
    help: 'Limit of the current window of a scope, with extensions; absent where there is none.',
    labels: ['scope', 'name', 'window'],
  },
  infrafabric_holds: { type: 'gauge', help: 'Live holds: reservations for claims and for help.', labels: ['kind'] },
  infrafabric_holds_reserved_dollars: {
    type: 'gauge',
    help: 'What live holds reserve and was not spent.',
    labels: ['kind'],
  },
  infrafabric_holds_spent_dollars: { type: 'gauge', help: 'What was spent under live holds.', labels: ['kind'] },
  infrafabric_model_spent_dollars: {
    type: 'gauge',
    help: 'Spent on a model that the price table names, altogether.',
    labels: ['model'],
  },

  infrafabric_runs_total: { type: 'counter', help: 'Runs of modules, by how they ended.', labels: ['end'] },
  infrafabric_run_duration_seconds: { type: 'histogram', help: 'Runs of modules, however they ended.' },
  infrafabric_service_levels_violated: {
    type: 'gauge',
    help: 'Promises of modules that are broken now, by level.',
    labels: ['level'],
  },
  infrafabric_service_level_violations_total: { type: 'counter', help: 'Times that a promise of a module was broken.' },
  infrafabric_reputation_lowest_ratio: {
    type: 'gauge',
    help: 'Lowest reputation that the runs of a swarm give it, 0 to 1; 1 when nothing is held against any.',
  },
  infrafabric_reputation_reduced_swarms: { type: 'gauge', help: 'Swarms whose runs are held against them.' },

  infrafabric_http_request_duration_seconds: {
    type: 'histogram',
    help: 'Until a request was answered, by operation and class of status; long polls, streams and sockets in full.',
    labels: ['operation', 'status'],
  },
  infrafabric_http_requests_in_flight: { type: 'gauge', help: 'Requests that are not answered yet, streams too.' },
  infrafabric_rate_limited_total: {
    type: 'counter',
    help: 'Requests and messages of sockets that were beyond the rate of their caller.',
  },

  process_cpu_seconds_total: { type: 'counter', help: 'Processor time of this process, user and system.' },
  process_resident_memory_bytes: { type: 'gauge', help: 'Resident memory of this process.' },
  process_start_time_seconds: { type: 'gauge', help: 'Start of this process since the Unix epoch.' },
  process_open_fds: { type: 'gauge', help: 'Open file descriptors of this process.' },
  process_max_fds: { type: 'gauge', help: 'Most file descriptors that this process may open.' },
  nodejs_heap_used_bytes: { type: 'gauge', help: 'JavaScript heap in use.' },
  nodejs_heap_size_bytes: { type: 'gauge', help: 'JavaScript heap taken from the system.' },
  nodejs_external_memory_bytes: {
    type: 'gauge',
    help: 'Memory of JavaScript objects outside the heap, buffers among it.',
  },
  nodejs_eventloop_lag_p99_seconds: {
    type: 'gauge',
    help: 'How late timers fire, 99th percentile since the last scrape.',
  },
  nodejs_eventloop_lag_max_seconds: { type: 'gauge', help: 'How late timers fire, most since the last scrape.' },
  nodejs_eventloop_utilization_ratio: {
    type: 'gauge',
    help: 'Part of the time since the last scrape in which the event loop was busy, 0 to 1.',
  },
} as const satisfies Record<string, MetricRow>

type Metrics = typeof METRICS
export type MetricName = keyof Metrics
export type HistogramName = {
  [Name in MetricName]: Metrics[Name]['type'] extends 'histogram' ? Name : never
}[MetricName]
export type NumberName = Exclude<MetricName, HistogramName>
/** One value for each label of a metric. */
export type LabelsOf<Name extends MetricName> = Metrics[Name] extends { readonly labels: readonly (infer Label)[] }
  ? Readonly<Record<Label & string, string>>
  : Readonly<Record<string, never>>

export function rowOf(name: MetricName): MetricRow {
  return METRICS[name]
}
