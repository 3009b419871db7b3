/** What the demo stages on purpose. Everything else follows from the board and from who is free. */
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
