/** Generated from the operations table by `npm run generate`. Do not edit. */

export interface TaskView {
  id: string
  title: string
  description?: string
  kind: 'primary' | 'filler'
  dependencies: readonly string[]
  requires: readonly string[]
  priority: number
  estimateMinutes?: number
  tier?: string
  deliverable?: string
  acceptance: readonly string[]
  milestones: readonly {
    percent: 25 | 50 | 75 | 100
    text: string
  }[]
  keyTests: readonly string[]
  board?: string
  owner?: string
  module?: string
  maxCostNanos?: number
  external: boolean
  state: 'blocked' | 'available' | 'claimed' | 'completed' | 'failed' | 'cancelled'
  stuck: boolean
  createdIndex: number
  createdAt: string
  updatedAt: string
  openDependencies: number
  claim?: {
    swarm: string
    epoch: number
    claimedAt: string
    leaseMs: number
    stalledAt?: string
    freedAt?: string
    stoppedAt?: string
  }
  attempts: number
  failures: number
  lastFailure?: {
    swarm: string
    epoch: number
    at: string
    reason: string
  }
  notBefore?: string
  progress: readonly {
    percent: number
    note?: string
    testsPassed?: number
    testsFailed?: number
    nextAction?: string
    at: string
  }[]
  openBlockers: readonly string[]
  evidence: readonly ({
    kind: 'commit'
    commit: string
    repository?: string
  } | {
    kind: 'file'
    path: string
    sha256: string
  } | {
    kind: 'command'
    command: string
    exitCode: number
  } | {
    kind: 'note'
    text: string
  })[]
  summary?: string
  completedBy?: string
  completedEpoch?: number
  finishedAt?: string
}

export interface BlockerView {
  id: string
  task: string
  swarm: string
  epoch: number
  kind: 'task' | 'help' | 'human' | 'external'
  state: 'open' | 'assigned' | 'resolved'
  needs: string
  requires: readonly string[]
  waitsFor?: string
  helpers: readonly {
    swarm: string
    state: 'requested' | 'accepted' | 'declined'
    asks?: readonly string[]
    since?: string
    epoch?: number
    reason?: string
  }[]
  hold?: string
  replanAt?: string
  escalation?: string
  raisedAt: string
  resolvedAt?: string
  resolvedBy?: string
  resolution?: string
}

export interface SwarmView {
  id: string
  state: 'active' | 'retired'
  capabilities: readonly string[]
  granted?: readonly string[]
  tier?: string
  capacity: number
  metadata: Record<string, string>
  costPerHourNanos?: number
  reputation?: number
  measuredReputation?: number
  effectiveReputation: number
  budgetNanos?: number
  registeredAt: string
}

export interface MessageView {
  index: number
  kind: 'direct' | 'task_available' | 'task_stalled' | 'task_failed' | 'claim_lost' | 'blocker_raised' | 'blocker_resolved' | 'help_requested' | 'help_accepted' | 'help_declined' | 'budget_warned' | 'claim_stopped' | 'claim_resumed' | 'breaker_opened' | 'breaker_closed' | 'escalation_opened' | 'escalation_answered' | 'escalation_expired' | 'service_level_violated' | 'service_level_restored'
  from: string
  at: string
  text: string
  task?: string
  blocker?: string
  escalation?: string
}

export interface GrantView {
  task: string
  swarm: string
  epoch: number
  leaseMs: number
  leaseEndsAt: string
  reclaimed: boolean
}

export interface OfferView {
  kind: 'resume' | 'help' | 'primary' | 'filler' | 'none'
  task?: TaskView
  claim?: GrantView
  blocker?: BlockerView
  short?: boolean
}

export interface StopView {
  reason: string
}

export interface HeartbeatView {
  task: string
  swarm: string
  epoch: number
  leaseEndsAt: string
  unread: number
  stop?: StopView
  budget?: {
    heldNanos: number
    spentNanos: number
  }
  usage?: {
    refused: {
      code: string
      message: string
    }
  }
}

export interface TaskDetailView {
  task: TaskView
  stuck: boolean
  leaseEndsAt?: string
  criticalPathMinutes: number
  waitingFor: readonly string[]
  dependents: readonly string[]
  blockers: readonly BlockerView[]
}

export interface SwarmDetailView {
  swarm: SwarmView
  claims: readonly {
    task: string
    epoch: number
    stuck: boolean
  }[]
  helping: readonly {
    blocker: string
    task: string
    epoch?: number
  }[]
  unread: number
}

export interface CancelView {
  task: TaskView
  cancelled: readonly string[]
  strandedDependents: readonly string[]
}

export interface CompletionView {
  task: TaskView
  unblocked: readonly string[]
}

export interface RetirementView {
  swarm: SwarmView
  released: readonly string[]
}

export interface InboxView {
  swarm: string
  messages: readonly MessageView[]
  acknowledged: number
  unread: number
  dropped: number
}

export interface AcknowledgementView {
  swarm: string
  acknowledged: number
  unread: number
}

export interface ImportView {
  board: string
  dryRun: boolean
  changes: readonly {
    task: string
    action: 'create' | 'update' | 'complete' | 'cancel' | 'unchanged'
    fields: readonly string[]
  }[]
  missing: readonly string[]
}

export interface ExportView {
  format: 'markdown' | 'json' | 'status'
  files: readonly {
    name: string
    content: string
  }[]
}

export interface StatusView {
  name: string
  state: 'running' | 'recovering' | 'failed' | 'closed'
  startedAt: string
  entries: number
  tasks: Record<'blocked' | 'available' | 'claimed' | 'completed' | 'failed' | 'cancelled', number>
  stuck: number
  swarms: number
  openBlockers: number
  openEscalations: number
  openBreakers: number
  spentNanos: number
  waitingSwarms: number
  subscribers: number
  journal: {
    driver: string
    state: 'closed' | 'open' | 'failed'
    durability: 'none' | 'process' | 'power'
    entries: number
    bytes: number
    flushMs?: number
    location?: string
    warning?: string
  }
  witness?: {
    vkey: string
    size: number
    signed: number
    cosigning?: {
      quorum: boolean
      size: number
      witnesses: readonly {
        name: string
        size: number
        outcome: 'waiting' | 'cosigned' | 'ahead' | 'fork' | 'refused' | 'unreachable'
        reason?: string
      }[]
    }
  }
  nodes?: {
    self: string
    leader?: string
    term?: number
    ageMs: number
    members: readonly {
      id: string
      url: string
      version: string
      leads: boolean
      position: number
      lag: number
    }[]
  }
}

export interface LogView {
  entries: readonly Record<string, unknown>[]
  next: number
  size: number
}

export interface CheckpointView {
  note: string
  origin: string
  size: number
  root: string
  vkey: string
  cosigning?: {
    quorum: boolean
    size: number
    witnesses: readonly {
      name: string
      size: number
      outcome: 'waiting' | 'cosigned' | 'ahead' | 'fork' | 'refused' | 'unreachable'
      reason?: string
    }[]
  }
}

export interface ProofView {
  index: number
  proof: string
  entry: string
}

export interface RotationView {
  vkey: string
  previous: string
  signature: string
}

export interface UsageView {
  task: string
  swarm: string
  epoch: number
  amount: {
    nanos: number
    inputTokens: number
    outputTokens: number
    cachedTokens: number
  }
  repeated: boolean
  late: boolean
  heldNanos: number
  spentNanos: number
  stop?: StopView
}

export interface CandidacyView {
  swarm: string
  eligible: boolean
  match: number
  reputation: number
  costPerHourNanos: number
  score?: number
  obstacle?: {
    check: string
    reason: string
  }
}

export interface CapabilityView {
  name: string
  meaning: string
  own: boolean
  grantedOnly: boolean
}

export interface ExplanationView {
  task: string
  swarm: string
  allowed: boolean
  checks: readonly {
    check: string
    passed: boolean
    reason?: string
  }[]
}

export interface BreakerView {
  swarm: string
  state: 'closed' | 'open' | 'half_open'
  generation: number
  calls: number
  failures: number
  consecutiveFailures: number
  trips: number
  latched: boolean
  cause?: 'failures' | 'failure_rate' | 'probe' | 'budget' | 'runaway' | 'administrator'
  reason?: string
  openedAt?: string
  opensUntil?: string
  probes: readonly {
    id: number
    deadline: string
    succeeded: boolean
  }[]
}

export interface PermitView {
  swarm: string
  generation: number
  probe?: number
  deadline?: string
}

export interface CallView {
  counted: boolean
  breaker: BreakerView
}

export interface PolicyView {
  digest: string
  builtIn: boolean
  policy: Record<string, unknown>
}

export interface AppliedView {
  digest: string
  changed: boolean
}

export interface CostView {
  by: 'swarm' | 'task' | 'board' | 'model' | 'day'
  rows: readonly {
    name: string
    heldNanos: number
    settled: {
      nanos: number
      inputTokens: number
      outputTokens: number
      cachedTokens: number
    }
    wastedNanos: number
  }[]
  nextCursor?: string
  total: {
    name: string
    heldNanos: number
    settled: {
      nanos: number
      inputTokens: number
      outputTokens: number
      cachedTokens: number
    }
    wastedNanos: number
  }
}

export interface BudgetView {
  id: string
  scope: string
  window: string
  limit?: {
    nanos?: number
    inputTokens?: number
    outputTokens?: number
    cachedTokens?: number
  }
  settled: {
    nanos: number
    inputTokens: number
    outputTokens: number
    cachedTokens: number
  }
  held: {
    nanos: number
    inputTokens: number
    outputTokens: number
    cachedTokens: number
  }
  wastedNanos: number
  extendedNanos: number
  frozenAt?: string
}

export interface EscalationView {
  id: string
  kind: 'question' | 'approval' | 'help' | 'budget' | 'breaker'
  state: 'open' | 'answered' | 'expired' | 'settled' | 'taken'
  severity: 'info' | 'warning' | 'critical'
  asker: string
  question: string
  context: Record<string, string>
  options: readonly string[]
  task?: string
  blocker?: string
  swarm?: string
  account?: string
  digest?: string
  policy?: string
  notified?: readonly string[]
  openedAt: string
  expiresAt: string
  endedAt?: string
  answeredBy?: string
  option?: string
  answer?: string
}

export type WitnessTraceAnswerPart = {
  index?: number
  at?: string
  actor?: string
  text: string
  leftOut?: number
  children: readonly WitnessTraceAnswerPart[]
}

/** What each operation takes and answers, by resource and verb. */
export interface OperationTypes {
  fabric: {
    status: {
      input: Record<never, never>
      output: StatusView
    }
  }
  task: {
    create: {
      input: {
        id: string
        title: string
        description?: string | undefined
        kind?: 'primary' | 'filler' | undefined
        dependencies?: readonly string[] | undefined
        requires?: readonly string[] | undefined
        priority?: number | undefined
        estimateMinutes?: number | undefined
        tier?: string | undefined
        deliverable?: string | undefined
        acceptance?: readonly string[] | undefined
        milestones?: readonly {
          percent: 25 | 50 | 75 | 100
          text: string
        }[] | undefined
        keyTests?: readonly string[] | undefined
        board?: string | undefined
        owner?: string | undefined
        module?: string | undefined
        maxCostNanos?: number | undefined
        external?: boolean | undefined
        as?: string | undefined
      }
      output: TaskView
    }
    list: {
      input: {
        state?: 'blocked' | 'available' | 'claimed' | 'completed' | 'failed' | 'cancelled' | undefined
        kind?: 'primary' | 'filler' | undefined
        board?: string | undefined
        swarm?: string | undefined
        stuck?: boolean | undefined
        limit?: number | undefined
        cursor?: string | undefined
      }
      output: {
        items: readonly TaskView[]
        nextCursor?: string
      }
    }
    show: {
      input: {
        task: string
      }
      output: TaskDetailView
    }
    ready: {
      input: {
        swarm?: string | undefined
        limit?: number | undefined
        cursor?: string | undefined
      }
      output: {
        items: readonly TaskView[]
        nextCursor?: string
      }
    }
    next: {
      input: {
        as?: string | undefined
        claim?: boolean | undefined
        leaseMs?: number | undefined
        waitMs?: number | undefined
        untilMail?: boolean | undefined
      }
      output: OfferView
    }
    claim: {
      input: {
        task: string
        as?: string | undefined
        leaseMs?: number | undefined
      }
      output: GrantView
    }
    heartbeat: {
      input: {
        task: string
        as?: string | undefined
        epoch: number
        usage?: {
          id: string
          model?: string | undefined
          inputTokens?: number | undefined
          outputTokens?: number | undefined
          cachedTokens?: number | undefined
          costNanos?: number | undefined
        } | undefined
      }
      output: HeartbeatView
    }
    usage: {
      input: {
        task: string
        as?: string | undefined
        epoch: number
        usage: {
          id: string
          model?: string | undefined
          inputTokens?: number | undefined
          outputTokens?: number | undefined
          cachedTokens?: number | undefined
          costNanos?: number | undefined
        }
      }
      output: UsageView
    }
    milestone: {
      input: {
        task: string
        as?: string | undefined
        epoch: number
        percent: 25 | 50 | 75 | 100
        note?: string | undefined
        testsPassed?: number | undefined
        testsFailed?: number | undefined
        nextAction?: string | undefined
      }
      output: TaskView
    }
    block: {
      input: {
        task: string
        as?: string | undefined
        epoch: number
        kind: 'task' | 'help' | 'human' | 'external'
        needs: string
        requires?: readonly string[] | undefined
        waitsFor?: string | undefined
      }
      output: BlockerView
    }
    complete: {
      input: {
        task: string
        as?: string | undefined
        epoch?: number | undefined
        evidence?: readonly ({
          kind: 'commit'
          commit: string
          repository?: string | undefined
        } | {
          kind: 'file'
          path: string
          sha256: string
        } | {
          kind: 'command'
          command: string
          exitCode: number
        } | {
          kind: 'note'
          text: string
        })[] | undefined
        summary?: string | undefined
      }
      output: CompletionView
    }
    fail: {
      input: {
        task: string
        as?: string | undefined
        epoch: number
        reason: string
        retry?: boolean | undefined
      }
      output: TaskView
    }
    release: {
      input: {
        task: string
        as?: string | undefined
        epoch?: number | undefined
        note?: string | undefined
      }
      output: TaskView
    }
    cancel: {
      input: {
        task: string
        reason?: string | undefined
        cascade?: boolean | undefined
      }
      output: CancelView
    }
    retry: {
      input: {
        task: string
      }
      output: TaskView
    }
  }
  blocker: {
    list: {
      input: {
        open?: boolean | undefined
        limit?: number | undefined
        cursor?: string | undefined
      }
      output: {
        items: readonly BlockerView[]
        nextCursor?: string
      }
    }
    assign: {
      input: {
        blocker: string
        swarms: readonly string[]
      }
      output: BlockerView
    }
    answer: {
      input: {
        blocker: string
        as?: string | undefined
        accept: boolean
        reason?: string | undefined
      }
      output: BlockerView
    }
    resolve: {
      input: {
        blocker: string
        as?: string | undefined
        epoch?: number | undefined
        resolution?: string | undefined
      }
      output: BlockerView
    }
  }
  swarm: {
    register: {
      input: {
        swarm: string
        capabilities?: readonly string[] | undefined
        tier?: string | undefined
        capacity?: number | undefined
        metadata?: Record<string, string> | undefined
        costPerHourNanos?: number | undefined
        reputation?: number | undefined
        budgetNanos?: number | undefined
        token?: boolean | undefined
        ttlMs?: number | undefined
        as?: string | undefined
      }
      output: {
        id: string
        state: 'active' | 'retired'
        capabilities: readonly string[]
        granted?: readonly string[]
        tier?: string
        capacity: number
        metadata: Record<string, string>
        costPerHourNanos?: number
        reputation?: number
        measuredReputation?: number
        effectiveReputation: number
        budgetNanos?: number
        registeredAt: string
        issued?: {
          id: string
          role: 'viewer' | 'swarm' | 'orchestrator' | 'admin'
          name: string
          issuedAt: string
          issuedBy: string
          expiresAt: string
          replaces?: string
          token: string
        }
      }
    }
    list: {
      input: {
        limit?: number | undefined
        cursor?: string | undefined
      }
      output: {
        items: readonly SwarmDetailView[]
        nextCursor?: string
      }
    }
    show: {
      input: {
        swarm: string
      }
      output: SwarmDetailView
    }
    grant: {
      input: {
        swarm: string
        capabilities: readonly string[]
        as?: string | undefined
      }
      output: SwarmView
    }
    retire: {
      input: {
        swarm: string
        reason?: string | undefined
      }
      output: RetirementView
    }
    send: {
      input: {
        to: string
        as?: string | undefined
        text: string
        task?: string | undefined
      }
      output: MessageView
    }
  }
  token: {
    whoami: {
      input: Record<never, never>
      output: {
        actor: string
        role: 'viewer' | 'swarm' | 'orchestrator' | 'admin'
        swarm?: string
        token?: string
        expiresAt?: string
      }
    }
    issue: {
      input: {
        name: string
        role?: 'viewer' | 'swarm' | 'orchestrator' | 'admin' | undefined
        ttlMs?: number | undefined
      }
      output: {
        id: string
        role: 'viewer' | 'swarm' | 'orchestrator' | 'admin'
        name: string
        issuedAt: string
        issuedBy: string
        expiresAt: string
        replaces?: string
        token: string
      }
    }
    list: {
      input: {
        name?: string | undefined
        limit?: number | undefined
        cursor?: string | undefined
      }
      output: {
        items: readonly {
          id: string
          role: 'viewer' | 'swarm' | 'orchestrator' | 'admin'
          name: string
          issuedAt: string
          issuedBy: string
          expiresAt: string
          replaces?: string
        }[]
        nextCursor?: string
      }
    }
    rotate: {
      input: {
        ttlMs?: number | undefined
      }
      output: {
        id: string
        role: 'viewer' | 'swarm' | 'orchestrator' | 'admin'
        name: string
        issuedAt: string
        issuedBy: string
        expiresAt: string
        replaces?: string
        token: string
      }
    }
    revoke: {
      input: {
        id: string
        reason?: string | undefined
      }
      output: {
        id: string
        role: 'viewer' | 'swarm' | 'orchestrator' | 'admin'
        name: string
        issuedAt: string
        issuedBy: string
        expiresAt: string
        replaces?: string
      }
    }
  }
  governor: {
    match: {
      input: {
        task: string
        limit?: number | undefined
        cursor?: string | undefined
      }
      output: {
        items: readonly CandidacyView[]
        nextCursor?: string
      }
    }
    capabilities: {
      input: Record<never, never>
      output: {
        capabilities: readonly CapabilityView[]
      }
    }
  }
  module: {
    load: {
      input: {
        contract: string
        module: string
      }
      output: {
        swarm: string
        version: string
        sha256: string
        bytes: number
        profile: 'core' | 'typescript'
        capabilities: readonly string[]
        limits: {
          memoryBytes: number
          tableElements: number
          cpuPercent: number
          wallMs: number
          fuel: number
          hostCallsPerSecond: number
          outputBytes: number
          logBytes: number
        }
        levels: {
          p99LatencyMs?: number
          successRate?: number
          availability?: number
        }
        hosts: readonly {
          host: string
          port: number
          scheme: 'https' | 'http'
          methods: readonly ('GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE')[]
          paths: readonly string[]
        }[]
        signedBy?: string
        loadedAt: string
        loadedBy: string
        tasks: number
      }
    }
    list: {
      input: {
        limit?: number | undefined
        cursor?: string | undefined
      }
      output: {
        items: readonly {
          swarm: string
          version: string
          sha256: string
          bytes: number
          profile: 'core' | 'typescript'
          capabilities: readonly string[]
          limits: {
            memoryBytes: number
            tableElements: number
            cpuPercent: number
            wallMs: number
            fuel: number
            hostCallsPerSecond: number
            outputBytes: number
            logBytes: number
          }
          levels: {
            p99LatencyMs?: number
            successRate?: number
            availability?: number
          }
          hosts: readonly {
            host: string
            port: number
            scheme: 'https' | 'http'
            methods: readonly ('GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE')[]
            paths: readonly string[]
          }[]
          signedBy?: string
          loadedAt: string
          loadedBy: string
          tasks: number
        }[]
        nextCursor?: string
      }
    }
    show: {
      input: {
        swarm: string
      }
      output: {
        swarm: string
        version: string
        sha256: string
        bytes: number
        profile: 'core' | 'typescript'
        capabilities: readonly string[]
        limits: {
          memoryBytes: number
          tableElements: number
          cpuPercent: number
          wallMs: number
          fuel: number
          hostCallsPerSecond: number
          outputBytes: number
          logBytes: number
        }
        levels: {
          p99LatencyMs?: number
          successRate?: number
          availability?: number
        }
        hosts: readonly {
          host: string
          port: number
          scheme: 'https' | 'http'
          methods: readonly ('GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE')[]
          paths: readonly string[]
        }[]
        signedBy?: string
        loadedAt: string
        loadedBy: string
        tasks: number
      }
    }
    unload: {
      input: {
        swarm: string
        reason?: string | undefined
      }
      output: {
        swarm: string
        version: string
        sha256: string
        bytes: number
        profile: 'core' | 'typescript'
        capabilities: readonly string[]
        limits: {
          memoryBytes: number
          tableElements: number
          cpuPercent: number
          wallMs: number
          fuel: number
          hostCallsPerSecond: number
          outputBytes: number
          logBytes: number
        }
        levels: {
          p99LatencyMs?: number
          successRate?: number
          availability?: number
        }
        hosts: readonly {
          host: string
          port: number
          scheme: 'https' | 'http'
          methods: readonly ('GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE')[]
          paths: readonly string[]
        }[]
        signedBy?: string
        loadedAt: string
        loadedBy: string
        tasks: number
      }
    }
  }
  credential: {
    issue: {
      input: {
        swarm: string
        task: string
        epoch: number
        endpoints: readonly {
          host: string
          port?: number | undefined
          scheme?: 'https' | 'http' | undefined
          methods?: readonly ('GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE')[] | undefined
          paths?: readonly string[] | undefined
          inject?: {
            name: string
            header: string
            prefix?: string | undefined
          } | undefined
        }[]
        ttlMs?: number | undefined
      }
      output: {
        id: string
        swarm: string
        task: string
        epoch: number
        endpoints: readonly {
          host: string
          port: number
          scheme: 'https' | 'http'
          methods: readonly ('GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE')[]
          paths: readonly string[]
          inject?: {
            name: string
            header: string
            prefix?: string
          }
        }[]
        issuedAt: string
        issuedBy: string
        expiresAt: string
        replaces?: string
      }
    }
    list: {
      input: {
        swarm?: string | undefined
        task?: string | undefined
        limit?: number | undefined
        cursor?: string | undefined
      }
      output: {
        items: readonly {
          id: string
          swarm: string
          task: string
          epoch: number
          endpoints: readonly {
            host: string
            port: number
            scheme: 'https' | 'http'
            methods: readonly ('GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE')[]
            paths: readonly string[]
            inject?: {
              name: string
              header: string
              prefix?: string
            }
          }[]
          issuedAt: string
          issuedBy: string
          expiresAt: string
          replaces?: string
        }[]
        nextCursor?: string
      }
    }
    rotate: {
      input: {
        id: string
        ttlMs?: number | undefined
      }
      output: {
        id: string
        swarm: string
        task: string
        epoch: number
        endpoints: readonly {
          host: string
          port: number
          scheme: 'https' | 'http'
          methods: readonly ('GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE')[]
          paths: readonly string[]
          inject?: {
            name: string
            header: string
            prefix?: string
          }
        }[]
        issuedAt: string
        issuedBy: string
        expiresAt: string
        replaces?: string
      }
    }
    revoke: {
      input: {
        id: string
        reason?: string | undefined
      }
      output: {
        id: string
        swarm: string
        task: string
        epoch: number
        endpoints: readonly {
          host: string
          port: number
          scheme: 'https' | 'http'
          methods: readonly ('GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE')[]
          paths: readonly string[]
          inject?: {
            name: string
            header: string
            prefix?: string
          }
        }[]
        issuedAt: string
        issuedBy: string
        expiresAt: string
        replaces?: string
      }
    }
  }
  slo: {
    list: {
      input: {
        violated?: boolean | undefined
        limit?: number | undefined
        cursor?: string | undefined
      }
      output: {
        items: readonly {
          swarm: string
          runs: number
          compliance: {
            p99: {
              verdict: 'met' | 'violated' | 'not_promised'
              target?: number
              actual?: number
              errorBudget?: number
            }
            success: {
              verdict: 'met' | 'violated' | 'not_promised'
              target?: number
              actual?: number
              errorBudget?: number
            }
            availability: {
              verdict: 'met' | 'violated' | 'not_promised'
              target?: number
              actual?: number
              errorBudget?: number
            }
          }
          violated: readonly ('p99' | 'success' | 'availability')[]
          newest: {
            runs: number
            successRate?: number
            availability?: number
            p50Ms?: number
            p95Ms?: number
            p99Ms?: number
          }
          reputation: number
          effectiveReputation: number
        }[]
        nextCursor?: string
      }
    }
    show: {
      input: {
        swarm: string
      }
      output: {
        swarm: string
        runs: number
        compliance: {
          p99: {
            verdict: 'met' | 'violated' | 'not_promised'
            target?: number
            actual?: number
            errorBudget?: number
          }
          success: {
            verdict: 'met' | 'violated' | 'not_promised'
            target?: number
            actual?: number
            errorBudget?: number
          }
          availability: {
            verdict: 'met' | 'violated' | 'not_promised'
            target?: number
            actual?: number
            errorBudget?: number
          }
        }
        violated: readonly ('p99' | 'success' | 'availability')[]
        newest: {
          runs: number
          successRate?: number
          availability?: number
          p50Ms?: number
          p95Ms?: number
          p99Ms?: number
        }
        reputation: number
        effectiveReputation: number
        hour: {
          runs: number
          successRate?: number
          availability?: number
          p50Ms?: number
          p95Ms?: number
          p99Ms?: number
        }
        day: {
          runs: number
          successRate?: number
          availability?: number
          p50Ms?: number
          p95Ms?: number
          p99Ms?: number
        }
        violations: readonly {
          level: 'p99' | 'success' | 'availability'
          target: number
          actual: number
          at: string
          until?: string
        }[]
        history: readonly {
          day: string
          reputation: number
        }[]
        judgedAt?: string
      }
    }
  }
  breaker: {
    list: {
      input: {
        open?: boolean | undefined
        limit?: number | undefined
        cursor?: string | undefined
      }
      output: {
        items: readonly BreakerView[]
        nextCursor?: string
      }
    }
    show: {
      input: {
        swarm: string
      }
      output: BreakerView
    }
    admit: {
      input: {
        swarm: string
        as?: string | undefined
      }
      output: PermitView
    }
    report: {
      input: {
        swarm: string
        as?: string | undefined
        succeeded: boolean
        generation: number
        probe?: number | undefined
      }
      output: CallView
    }
    trip: {
      input: {
        swarm: string
        reason: string
        as?: string | undefined
      }
      output: BreakerView
    }
    reset: {
      input: {
        swarm: string
        reason: string
        as?: string | undefined
      }
      output: BreakerView
    }
  }
  policy: {
    show: {
      input: Record<never, never>
      output: PolicyView
    }
    apply: {
      input: {
        policy: {
          maxSwarmsPerTask: number
          maxCostPerTaskNanos?: number | undefined
          minCapabilityMatch: number
          minReputation: number
          tiers: readonly string[]
          assumedCostPerHourNanos: number
          knownCapabilitiesOnly: boolean
          capabilityRegistry: Record<string, string>
          capabilityRules: Record<string, {
            grantedOnly?: boolean | undefined
            minimumReputation?: number | undefined
            minimumTier?: string | undefined
            maxCostNanos?: number | undefined
          }>
          breaker: {
            failureThreshold: number
            windowCalls: number
            minimumCalls: number
            failureRatePercent: number
            openMs: number
            maxOpenMs: number
            probes: number
            probeMs: number
            runawayRefusals: number
          }
          help: {
            automatic: boolean
            answerMs: number
            leaseMs: number
          }
          escalationMs: number
          budgets: {
            fabric: {
              total?: {
                nanos?: number | undefined
                inputTokens?: number | undefined
                outputTokens?: number | undefined
                cachedTokens?: number | undefined
              } | undefined
              day?: {
                nanos?: number | undefined
                inputTokens?: number | undefined
                outputTokens?: number | undefined
                cachedTokens?: number | undefined
              } | undefined
              week?: {
                nanos?: number | undefined
                inputTokens?: number | undefined
                outputTokens?: number | undefined
                cachedTokens?: number | undefined
              } | undefined
              month?: {
                nanos?: number | undefined
                inputTokens?: number | undefined
                outputTokens?: number | undefined
                cachedTokens?: number | undefined
              } | undefined
            }
            boards: Record<string, {
              total?: {
                nanos?: number | undefined
                inputTokens?: number | undefined
                outputTokens?: number | undefined
                cachedTokens?: number | undefined
              } | undefined
              day?: {
                nanos?: number | undefined
                inputTokens?: number | undefined
                outputTokens?: number | undefined
                cachedTokens?: number | undefined
              } | undefined
              week?: {
                nanos?: number | undefined
                inputTokens?: number | undefined
                outputTokens?: number | undefined
                cachedTokens?: number | undefined
              } | undefined
              month?: {
                nanos?: number | undefined
                inputTokens?: number | undefined
                outputTokens?: number | undefined
                cachedTokens?: number | undefined
              } | undefined
            }>
            swarms: Record<string, {
              total?: {
                nanos?: number | undefined
                inputTokens?: number | undefined
                outputTokens?: number | undefined
                cachedTokens?: number | undefined
              } | undefined
              day?: {
                nanos?: number | undefined
                inputTokens?: number | undefined
                outputTokens?: number | undefined
                cachedTokens?: number | undefined
              } | undefined
              week?: {
                nanos?: number | undefined
                inputTokens?: number | undefined
                outputTokens?: number | undefined
                cachedTokens?: number | undefined
              } | undefined
              month?: {
                nanos?: number | undefined
                inputTokens?: number | undefined
                outputTokens?: number | undefined
                cachedTokens?: number | undefined
              } | undefined
            }>
            holdTokens: {
              inputTokens: number
              outputTokens: number
              cachedTokens: number
            }
            warnPercent: number
          }
          prices: {
            version: string
            models: Record<string, {
              inputNanos: number
              outputNanos: number
              cachedNanos: number
            }>
          }
          chassis?: {
            requireSignature: boolean
            requirePinnedVersion: boolean
            trustedKeys: readonly string[]
            pinnedVersions: Record<string, string>
            minimumJail?: 'bubblewrap' | 'unshare' | 'permission' | undefined
            grants: Record<string, readonly {
              host: string
              port: number
              scheme: 'https' | 'http'
              methods: readonly ('GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE')[]
              paths: readonly string[]
              inject?: {
                name: string
                header: string
                prefix?: string | undefined
              } | undefined
            }[]>
          } | undefined
        }
        as?: string | undefined
      }
      output: AppliedView
    }
    explain: {
      input: {
        task: string
        swarm: string
      }
      output: ExplanationView
    }
  }
  cost: {
    report: {
      input: {
        by?: 'swarm' | 'task' | 'board' | 'model' | 'day' | undefined
        limit?: number | undefined
        cursor?: string | undefined
      }
      output: CostView
    }
    budget: {
      input: {
        scope?: string | undefined
        tasks?: boolean | undefined
        limit?: number | undefined
        cursor?: string | undefined
      }
      output: {
        items: readonly BudgetView[]
        nextCursor?: string
      }
    }
    extend: {
      input: {
        account: string
        nanos: number
        reason: string
        as?: string | undefined
      }
      output: BudgetView
    }
  }
  escalation: {
    ask: {
      input: {
        as?: string | undefined
        question: string
        severity?: 'info' | 'warning' | 'critical' | undefined
        context?: Record<string, string> | undefined
        options?: readonly string[] | undefined
        task?: string | undefined
        ttlMs?: number | undefined
      }
      output: EscalationView
    }
    list: {
      input: {
        state?: 'open' | 'answered' | 'expired' | 'settled' | 'taken' | 'any' | undefined
        kind?: 'question' | 'approval' | 'help' | 'budget' | 'breaker' | undefined
        limit?: number | undefined
        cursor?: string | undefined
      }
      output: {
        items: readonly EscalationView[]
        nextCursor?: string
      }
    }
    show: {
      input: {
        escalation: string
      }
      output: EscalationView
    }
    answer: {
      input: {
        escalation: string
        as?: string | undefined
        option?: string | undefined
        answer?: string | undefined
      }
      output: EscalationView
    }
  }
  approval: {
    request: {
      input: {
        as?: string | undefined
        action: string
        arguments?: Record<string, unknown> | undefined
        reason: string
        severity?: 'info' | 'warning' | 'critical' | undefined
        task?: string | undefined
        ttlMs?: number | undefined
      }
      output: EscalationView
    }
    take: {
      input: {
        escalation: string
        as?: string | undefined
        action: string
        arguments?: Record<string, unknown> | undefined
      }
      output: EscalationView
    }
  }
  inbox: {
    read: {
      input: {
        swarm: string
        after?: number | undefined
        limit?: number | undefined
        waitMs?: number | undefined
      }
      output: InboxView
    }
    acknowledge: {
      input: {
        swarm: string
        upTo: number
      }
      output: AcknowledgementView
    }
  }
  board: {
    import: {
      input: {
        board: string
        tasks: readonly {
          spec: {
            id: string
            title: string
            description?: string | undefined
            kind?: 'primary' | 'filler' | undefined
            dependencies?: readonly string[] | undefined
            requires?: readonly string[] | undefined
            priority?: number | undefined
            estimateMinutes?: number | undefined
            tier?: string | undefined
            deliverable?: string | undefined
            acceptance?: readonly string[] | undefined
            milestones?: readonly {
              percent: 25 | 50 | 75 | 100
              text: string
            }[] | undefined
            keyTests?: readonly string[] | undefined
            board?: string | undefined
            owner?: string | undefined
            module?: string | undefined
            maxCostNanos?: number | undefined
            external?: boolean | undefined
          }
          statedState?: 'blocked' | 'available' | 'claimed' | 'completed' | 'failed' | 'cancelled' | undefined
        }[]
        dryRun?: boolean | undefined
      }
      output: ImportView
    }
    export: {
      input: {
        board?: string | undefined
        format?: 'markdown' | 'json' | 'status' | undefined
      }
      output: ExportView
    }
  }
  log: {
    read: {
      input: {
        from?: number | undefined
        limit?: number | undefined
      }
      output: LogView
    }
  }
  blob: {
    put: {
      input: {
        content: string
        mediaType?: string | undefined
      }
      output: {
        sha256: string
        bytes: number
        mediaType?: string
        deleted: boolean
      }
    }
    show: {
      input: {
        sha256: string
      }
      output: {
        sha256: string
        bytes: number
        content: string
      }
    }
    delete: {
      input: {
        sha256: string
        reason: string
      }
      output: {
        sha256: string
        bytes: number
        mediaType?: string
        deleted: boolean
      }
    }
  }
  witness: {
    checkpoint: {
      input: Record<never, never>
      output: CheckpointView
    }
    prove: {
      input: {
        index: number
      }
      output: ProofView
    }
    query: {
      input: {
        component?: 'fabric' | 'witness' | 'coordinator' | 'governor' | 'chassis' | undefined
        operation?: string | undefined
        swarm?: string | undefined
        task?: string | undefined
        severity?: 'info' | 'notice' | 'warning' | 'critical' | undefined
        since?: string | undefined
        until?: string | undefined
        trace?: string | undefined
        text?: string | undefined
        from?: number | undefined
        limit?: number | undefined
      }
      output: {
        entries: readonly Record<string, unknown>[]
        next: number
        size: number
        done: boolean
        filter: {
          component?: 'fabric' | 'witness' | 'coordinator' | 'governor' | 'chassis'
          operation?: string
          swarm?: string
          task?: string
          severity?: 'info' | 'notice' | 'warning' | 'critical'
          since?: string
          until?: string
          trace?: string
          text?: string
        }
      }
    }
    rotate: {
      input: Record<never, never>
      output: RotationView
    }
    trace: {
      input: {
        id: string
        as?: 'task' | 'swarm' | 'trace' | undefined
      }
      output: {
        kind: 'task' | 'swarm' | 'trace'
        id: string
        also: readonly ('task' | 'swarm' | 'trace')[]
        size: number
        nodes: number
        complete: boolean
        root: WitnessTraceAnswerPart
      }
    }
  }
}

export type Resource = keyof OperationTypes
export type Verb<R extends Resource> = keyof OperationTypes[R]
/** What a caller writes: defaults may be left out, and `undefined` counts as left out. */
export type InputOf<R extends Resource, V extends Verb<R>> = OperationTypes[R][V] extends { input: infer I } ? I : never
/** What it answers. */
export type OutputOf<R extends Resource, V extends Verb<R>> = OperationTypes[R][V] extends { output: infer O } ? O : never
