/**
 * infrafabric.yaml as `ifab init` writes it: the defaults that people change first, and more to choose from. A setting that is
 * commented out has no space behind its `#`, and holds as it stands without it.
 */
export const SAMPLE_CONFIG = `# How this board decides who gets work, and what it may cost. Every key is optional; take the # away to set one.
# Check it with \`ifab policy check infrafabric.yaml\`. A running fabric reads it again at SIGHUP, else at its next start.
# All keys: docs/reference/policy.md of InfraFabric.

resource_policy:
  max_swarms_per_task: 3 # the holder and its helpers together
  max_cost_per_task: 10.00 # dollars, or \`unlimited\`
  min_capability_match: 0.7 # part of the capabilities a task needs that its holder must have
  circuit_breaker_failure_threshold: 3 # failures in a row after which a swarm gets no work for a while
  # Only swarms that an administrator granted it to (\`ifab swarm grant\`) do tasks that need such a capability.
  #capability_rules:
    #deploy:*: { granted_only: true }

# How a swarm that is stuck gets help, and how long a question waits for a person.
help:
  automatic: true
escalation:
  expires_after: 24h

# Your own capabilities beside those that are built in (\`ifab governor capabilities\`).
#capability_registry:
  #game:balance: Tune the rules until play is fair

# What may be spent, in dollars. A claim reserves its worst case first (max_cost_per_task), and is refused without room.
#budgets:
  #fabric:
    #day: 100
  #swarms:
    #'*': { day: 20 }

# What a model costs, in nano-dollars for a million tokens: 3_000_000_000 is $3. Usage of a model without a price is refused.
#prices:
  #version: my-prices-1
  #models:
    #claude-sonnet-4-6: { input_nanos: 3_000_000_000, output_nanos: 15_000_000_000, cached_nanos: 300_000_000 }

# How people hear of questions. Secrets are named by environment variables, never written down here.
#channels:
  #- kind: webhook
    #name: team-chat
    #min_severity: warning
    #url_env: INFRAFABRIC_CHAT_URL

# Where the server listens; beyond loopback only with TLS or behind a proxy. Port 0 takes a free one; commands find it by
# themselves.
#listen: 127.0.0.1:7420
`
