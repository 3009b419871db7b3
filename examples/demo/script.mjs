/** What the demo stages on purpose. Everything else follows from the board, the policy and who is free. */
export const SCRIPT = {
  board: 'phase-0',
  files: ['phase-0-board.md', 'phase-0-fillers.md'],
  /** Two swarms that both qualify claim this task at the same instant. */
  race: { task: 'P0.2.1', swarms: ['brook', 'fjord'] },
  /** Whoever works on this task first gets stuck halfway and asks for help. */
  stuck: {
    task: 'P0.2.3',
    needs: 'Somebody who knows how holds survive a restart of the storage',
    requires: ['data:storage'],
  },
  /** Whoever works on this task first gets stuck halfway on something that no swarm can do. */
  human: {
    task: 'P0.2.4',
    needs: 'A decision: after how many failures in a row is a swarm stopped?',
    requires: ['plan:requirements'],
    answer: 'After three. Ask again when customers complain.',
  },
  /** This swarm turns in a loop on its first task, until its budget is spent: $0.40 a turn. */
  runaway: {
    swarm: 'grove',
    tokens: { inputTokens: 150_000, outputTokens: 40_000, cachedTokens: 500_000 },
    everyMs: 250,
    extend: { task: '2.00', swarm: '8.00' },
    reason: 'its prompt is mended',
  },
  /** Tokens of an estimated hour of work. */
  tokensPerHour: { inputTokens: 40_000, outputTokens: 4_000, cachedTokens: 150_000 },
  /** Long enough for a swarm that lives, short enough that the take-over of a dead one can be watched. */
  leaseMs: 3_000,
  heartbeatMs: 800,
  /** How long an estimated hour of work takes. */
  hourMs: 900,
  /** How long a helper needs, in estimated hours. */
  helpHours: 0.5,
  /** The whole demo; it fails when it takes longer. */
  deadlineMs: 60_000,
}
