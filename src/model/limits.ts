/** Every bound on something that grows, in one place, with its unit in the name. */
export const LIMITS = {
  /** One log entry; the bound of C2SP tlog-tiles entry bundles (16-bit length). */
  entryBytes: 65_535,
  /** One journal batch: the largest that NATS (1 MB) and etcd (1.5 MB) take with room to spare. */
  batchBytes: 512 * 1024,
  batchCommands: 1_024,
  queuedCommands: 100_000,
  idempotencyKeys: 10_000,
  httpBodyBytes: 16 * 1024 * 1024,
  titleChars: 512,
  textChars: 8_192,
  noteChars: 2_048,
  listItems: 64,
  dependencies: 256,
  metadataKeys: 32,
  evidenceItems: 32,
  importTasks: 20_000,
  tasks: 1_000_000,
  swarms: 100_000,
  openBlockersPerTask: 16,
  inboxMessages: 10_000,
  pageItems: 1_000,
  waitingCallers: 50_000,
  waitMs: 240_000,
  subscriberBacklogEntries: 10_000,
  boardFileBytes: 8 * 1024 * 1024,
} as const
