/** Words about what several operations share. */

export const TAGS: Readonly<Record<string, string>> = {
  fabric: 'The fabric as a whole.',
  task: 'Tasks, their claims, and what holders say of them.',
  blocker: 'What stops a holder, and who helps.',
  swarm: 'Registered workers.',
  token: 'Tokens of callers.',
  governor: 'Who suits which task.',
  breaker: 'Circuit breakers, one for each swarm.',
  policy: 'The rules in force.',
  cost: 'Budgets and what was spent.',
  escalation: 'Questions for people.',
  approval: 'Actions that a person must approve.',
  inbox: 'Messages to swarms and to the orchestrator.',
  board: 'Import and export of task boards.',
  log: 'The log as it is stored.',
  blob: 'Content too large for the log.',
  witness: 'Proofs, checkpoints and queries of the log.',
  server: 'Health, this description, and the log as static resources.',
}

/** By the name of a field, wherever it is part of an input. */
export const FIELDS: Readonly<Record<string, string>> = {
  account: 'Name of an account, such as `swarm:alice/total`.',
  as: 'The swarm that the caller speaks for. A token of a swarm speaks for that one; leave this out with it.',
  blocker: 'Id of a blocker.',
  board: 'Id of a board.',
  cursor: 'Where the page begins: `nextCursor` of the page before.',
  epoch: 'Fencing token: what the claim answered.',
  escalation: 'Id of a question or an approval.',
  from: 'Index of the first entry.',
  index: 'Index of an entry of the log.',
  leaseMs: 'How long the claim lasts without a word of its holder, milliseconds.',
  limit: 'The most items that a page has.',
  sha256: 'SHA-256 of the content, hexadecimal.',
  swarm: 'Id of a swarm.',
  task: 'Id of a task.',
  to: 'Id of a swarm, or `orchestrator`.',
  token: 'Id of a token.',
  waitMs: 'How long the answer may wait until there is something to say, milliseconds.',
}

export const INTRODUCTION = `The control plane for swarms of AI coding agents: tasks, fenced claims, budgets and a log that \
nobody can quietly change.

Every request but those marked open carries \`Authorization: Bearer <token>\`; \`x-role\` is the least role of its caller \
(viewer, swarm, orchestrator, admin; each may do what the ones before may). The \`Host\` must name this server, and an \
\`Origin\` must be its own.

A claim answers with an \`epoch\`; every later word of its holder carries it, and a stale one is refused with STALE_CLAIM. \
Delivery is at-least-once, and fenced. Lists answer \`items\` and, when there are more, \`nextCursor\` for \`cursor\`. \
Money is in nano-dollars; times are RFC 3339 in UTC.

Failures are \`application/problem+json\` (RFC 9457) with a \`code\` for programs. A method that a known path does not have \
gets 405 with \`Allow\`.

OpenAPI has no words for \`/v1/socket\`, a WebSocket on which workers call operations and are told of messages and stops, \
and for \`/mcp\`, the Model Context Protocol.`
