/** Every bound on something that grows, in one place, with its unit in the name. */
export const LIMITS = {
  /** One log entry; the bound of C2SP tlog-tiles entry bundles (16-bit length). */
  entryBytes: 65_535,
  /** One journal batch: the largest that NATS (1 MB) and etcd (1.5 MB) take with room to spare. */
  batchBytes: 512 * 1024,
  /** Entries of one batch together in the embedded journal; the import of a whole board is one batch. */
  journalRecordBytes: 64 * 1024 * 1024,
  /** Writer id or batch id in a journal, UTF-8. */
  journalIdBytes: 256,
  journalSegmentBytes: 256 * 1024 * 1024,
  /** One message of a log on NATS, whatever more the server takes; larger batches go in parts. */
  natsMessageBytes: 1024 * 1024,
  /** Messages, and about how many bytes, that a reader of such a log asks for at once. */
  natsReads: 64,
  natsReadBytes: 4 * 1024 * 1024,
  /** Newest messages of it that are kept for those who follow. */
  natsRecentBytes: 8 * 1024 * 1024,
  /** Places in it where batches begin that are remembered. */
  natsBatchStarts: 4_096,
  /** What a NATS server says of itself (`/varz`). */
  natsMonitorBytes: 1024 * 1024,
  /** Nodes of a log on NATS, and what one says of itself. */
  natsNodes: 1_024,
  natsBeatBytes: 16 * 1024,
  /** Newest records of a log in etcd that a process keeps for those who follow it. */
  etcdRecentBytes: 16 * 1024 * 1024,
  /** Records that one request removes from etcd. */
  etcdRemovedRecords: 10_000,
  lockNoteBytes: 4_096,
  batchCommands: 1_024,
  /** Entries of one command, which are written together: an import of the largest board fits. */
  commandBytes: 32 * 1024 * 1024,
  queuedCommands: 100_000,
  /** Blobs whose names the log has, deleted ones too. */
  blobs: 100_000,
  /** One blob: in base64 it fits into a request. */
  blobBytes: 8 * 1024 * 1024,
  blobMediaTypeChars: 128,
  /** Content of all blobs in a data directory together. */
  blobStoreBytes: 64 * 1024 * 1024 * 1024,
  /** The same in memory. */
  memoryBlobStoreBytes: 256 * 1024 * 1024,
  /** One file of a backup in an archive: a bundle of 256 of the largest entries, or a manifest of many lost blobs. */
  backupFileBytes: 32 * 1024 * 1024,
  /** Kinds of refusals that are counted apart at one time, and callers whose refusals are counted. */
  refusalKinds: 1_024,
  idempotencyKeys: 10_000,
  /** JSON of a reply kept for an idempotency key. */
  receiptBytes: 48 * 1024,
  /** A certificate chain, or its key. */
  tlsFileBytes: 256 * 1024,
  /** Body of a request: to read it keeps everybody waiting. Whole boards and blobs may take more. */
  httpBodyBytes: 2 * 1024 * 1024,
  largeBodyBytes: 16 * 1024 * 1024,
  /** Connections to one server: those that listen for news, and some that ask. More are not taken. */
  httpConnections: 25_000,
  /** Connections from other nodes, and one request of theirs: the largest command, or a blob in base64. */
  nodeConnections: 4_096,
  nodeRequestBytes: 48 * 1024 * 1024,
  /** JSON of a task's description, and of the evidence it is completed with: together they fit into one entry. */
  taskBytes: 24 * 1024,
  evidenceBytes: 24 * 1024,
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
  /** Tokens of callers that are not over, and those of one caller. */
  tokens: 200_000,
  tokensPerCaller: 16,
  tokenTtlMs: 30 * 24 * 60 * 60 * 1_000,
  /** Credentials that are not over, and those of one claim. */
  credentials: 100_000,
  credentialsPerClaim: 16,
  credentialTtlMs: 60 * 60 * 1_000,
  /** JSON of the endpoints of one credential. */
  credentialBytes: 8 * 1024,
  /** Least characters of a secret, of which a shorter one could stand in any text, and most. */
  leastSecretChars: 8,
  secretChars: 4_096,
  /** A file of secrets, and the token for a vault in a file. */
  secretFileBytes: 256 * 1024,
  /** Secrets of a vault that are known at a time, and one answer of it. */
  vaultSecrets: 256,
  vaultAnswerBytes: 256 * 1024,
  /** What an entry quotes of the host and the method that a guest asked for. */
  hostChars: 253,
  methodChars: 16,
  openBlockersPerTask: 16,
  inboxMessages: 10_000,
  /** Messages that travel with one answer of an MCP tool. */
  mcpMessages: 10,
  /** Sessions of MCP clients that run at the same time and would have one name. */
  sessionsPerName: 100,
  /** One MCP message over HTTP. */
  mcpBodyBytes: 1024 * 1024,
  /** What one usage report may name: a thousand dollars, and tokens of one kind. Thousands of the largest add up exactly. */
  usageNanos: 1_000_000_000_000,
  usageTokens: 1_000_000_000_000,
  /** Names of usage reports that one hold remembers, and holds that ended of which late reports are taken. */
  usageReportsPerHold: 1_024,
  endedHolds: 10_000,
  /**
   * Questions that wait for a person: all, how many of these only the fabric itself may ask, and those of one swarm. Then
   * ended ones that stay in memory.
   */
  openEscalations: 10_000,
  reservedEscalations: 1_000,
  openEscalationsPerSwarm: 100,
  endedEscalations: 1_000,
  /** Claimable tasks of one kind that are looked at for one that the budgets have room for. */
  offeredTasks: 256,
  escalationOptions: 16,
  pageItems: 1_000,
  waitingCallers: 50_000,
  waitMs: 240_000,
  /** Newest entries kept for those who follow the log; who is further behind reads the journal. */
  recentEntries: 4_096,
  recentBytes: 16 * 1024 * 1024,
  /** Swarms, tasks and types of entries that one event stream asks for, of each. */
  eventNames: 64,
  /** Event streams and sockets that are open, and those of one caller that is no administrator. */
  pushConnections: 20_000,
  pushConnectionsPerCaller: 64,
  /** Calls of one socket that run at a time, one message of its client, and what waits for that client to take it. */
  socketCalls: 32,
  socketMessageBytes: 1024 * 1024,
  socketBufferBytes: 16 * 1024 * 1024,
  /** Faults that one process writes into its log file; a file beyond this is set aside at the next start. */
  serverLogBytes: 1024 * 1024,
  /** The same at level `debug`, which has a line for each request. */
  debugLogBytes: 256 * 1024 * 1024,
  /** One text of a line of the log, levels of its fields, and what one list or object of them shows. */
  logTextChars: 16_384,
  logDepth: 8,
  logItems: 64,
  /** Boards and models of the policy that have series of their own among the metrics. */
  metricNames: 50,
  /** Groups of 16 hashes of the witness tree, checked and kept with the nodes over them: about 1.5 KiB each. */
  checkedHashGroups: 8_192,
  /** Hashes of the witness tree that wait for a disk which refuses them; beyond that they are given up and derived anew. */
  waitingHashBytes: 16 * 1024 * 1024,
  /** Names of fields of which a redactor remembers whether they hold secrets. */
  redactionFieldNames: 1_024,
  /** Kind of a secret in the mark that stands for it. */
  redactionKindChars: 40,
  /** Levels of arrays and objects in a command. */
  redactionDepth: 32,
  /** Levels of JSON that a caller may put into one field. */
  jsonDepth: 16,
  boardFileBytes: 8 * 1024 * 1024,
  boardLineChars: 65_536,
  boardProblems: 1_000,
  /** A status file of an agent that works through git, and what its answer tells: problems, messages and tasks. */
  statusFileBytes: 32 * 1024,
  statusProblems: 16,
  answerMessages: 20,
  answerTasks: 32,
  /** Status files that one bridge reads, branches it looks at, and names of files at the root of one of them, bytes. */
  bridgeAgents: 2_000,
  bridgeBranches: 20_000,
  bridgeRootBytes: 4 * 1024 * 1024,
  /** bridge.yaml, and what a bridge remembers of its agents. */
  bridgeConfigBytes: 64 * 1024,
  bridgeMemoryBytes: 16 * 1024 * 1024,
  /** One call of git: one that goes over the network, any other, how long it may take to end, and what it may say. */
  gitNetworkMs: 120_000,
  gitMs: 30_000,
  gitEndMs: 2_000,
  gitOutputBytes: 16 * 1024 * 1024,
  /** How often a bridge starts over when somebody else was faster with a push. */
  bridgePushes: 5,
  /** A signed note (C2SP), and the signatures on it. */
  noteBytes: 1_000_000,
  noteSignatures: 100,
  /** Hashes of one inclusion or consistency proof, as C2SP tlog-witness bounds it. */
  proofHashes: 63,
  proofFileBytes: 2 * 1024 * 1024,
  trustPolicyBytes: 256 * 1024,
  /** Body of a request to a cosigner; a full proof and a checkpoint with some signatures take 4 KiB. */
  cosignRequestBytes: 64 * 1024,
  /** Requests for one log that wait for their turn at a cosigner. */
  cosignRequestsWaiting: 256,
  /** What a cosigner's answer may have, and how long it may take. */
  cosignAnswerBytes: 64 * 1024,
  cosignAnswerMs: 10_000,
  /** Bundles of a log that are read ahead of the one that is being verified or exported. */
  logReads: 8,
  /** Logs whose last verified head one file remembers. */
  logMarks: 10_000,
  /** Changes of the signing key that are followed in one log. */
  keyRotations: 10_000,
  /** Full runs of the index of a witness that wait for a disk which refuses them: about 300 KB each. */
  unwrittenPostingRuns: 64,
  /** Entries that are read for one page of a query, and entries of the log that its index is asked about. */
  queryScanEntries: 50_000,
  queryReachEntries: 16_777_216,
  /** Entries of one page together; a larger one stands alone. */
  queryPageBytes: 8 * 1024 * 1024,
  /** Lines of one trace, and entries and bytes that are read for it. */
  traceNodes: 10_000,
  traceEntries: 10_000,
  traceBytes: 64 * 1024 * 1024,
  /** Entries that a trace reads at once. */
  tracePageEntries: 256,
  /** Tasks that one trace tells of, and how far it follows dependencies. */
  traceTasks: 256,
  traceDepth: 32,
  /** One line of a trace, what it quotes of a text, and what it names of a list. */
  traceChars: 500,
  traceQuoteChars: 200,
  traceListItems: 10,
  /** Result of a query that is verified. */
  queryResultBytes: 256 * 1024 * 1024,
  /** Canonical JSON of a policy: it is in the log as one entry. */
  policyBytes: 48 * 1024,
  /** infrafabric.yaml, comments included, and a manifest of swarms. */
  configBytes: 128 * 1024,
  manifestBytes: 1024 * 1024,
  manifestSwarms: 5_000,
  /** Modules that are loaded, and JSON of the contract of one: it is in the log as one entry. */
  modules: 10_000,
  /** Modules that are kept ready to run: each is as large as its code with its fuel. */
  readyModules: 64,
  loadedContractBytes: 48 * 1024,
  /** contract.yaml of a module, comments included. */
  contractBytes: 64 * 1024,
  /** Days of which the reputation of a swarm is remembered, and violations of what its module promises. */
  reputationDays: 90,
  serviceLevelViolations: 32,
  /** A request of a module: its JSON, its URL, and its body before base64. */
  egressRequestBytes: 1_572_864,
  /** Commas and opening brackets of that JSON; the largest URL and headers may consist of them. */
  egressRequestParts: 25_000,
  egressUrlChars: 8_192,
  egressBodyBytes: 1024 * 1024,
  /** Headers of a request or a response, and their names and values together. */
  egressHeaders: 100,
  egressHeaderBytes: 16 * 1024,
  /** Body of a response: to look for secrets in it keeps everybody waiting. */
  egressResponseBytes: 1024 * 1024,
  /** From the request of a module to the last byte of the response, redirects included; and to connect to one address. */
  egressMs: 30_000,
  egressConnectMs: 5_000,
  /** Redirects that are followed, and addresses of one host that are tried, of IPv4 and of IPv6. */
  egressRedirects: 5,
  egressAddressesPerFamily: 2,
  /** Answers with 1xx before the response. */
  egressInterimResponses: 8,
  /** One line that a module logs, as it is shown, and as much of it as is looked at for secrets. */
  guestLogLineChars: 4_096,
  guestLogScanBytes: 16 * 1024,
  /** How long the answer to a request of a module beyond its rate is held back at most. */
  rateLimitHoldMs: 1_000,
  /** Lines that a swarm may log at once; more only as fast as its contract says. */
  guestLogBurst: 100,
  /** Child processes of one sandbox, and how many of them work for one swarm at a time: each takes some 40 MB. */
  sandboxChildren: 128,
  sandboxChildrenPerSwarm: 4,
  /** Calls that wait for a child process, of all swarms and of one. */
  sandboxCallsWaiting: 2_000,
  sandboxCallsWaitingPerSwarm: 64,
  /** How long a child may take to start, to compile a module, and to be without work. */
  sandboxStartMs: 30_000,
  sandboxLoadMs: 20_000,
  sandboxIdleMs: 60_000,
  /** Memory of a child beyond what it has at its start, what its module may have, and what goes in and out: code, and the heap. */
  sandboxOverheadBytes: 192 * 1024 * 1024,
  /** How often the processor time and the memory of children at work are looked at. */
  sandboxWatchMs: 50,
  /** Least processor time of a call, whatever its contract: the kernel counts in steps of 10 ms, and compiling counts too. */
  sandboxCpuMs: 100,
  /** Input of a call, and what a guest may get for one request. */
  sandboxInputBytes: 16 * 1024 * 1024,
  sandboxAnswerBytes: 16 * 1024 * 1024,
  /** How long a level of jail that did not start is not tried again. */
  sandboxProbeMs: 60_000,
  /** Modules that are admitted at a time, each in two processes, and that wait for it, each with its bytes in memory. */
  admissions: 2,
  admissionsWaiting: 64,
  /** Log lines of one call. */
  sandboxLogLines: 10_000,
  /** A tool in TypeScript with all that it imports, as one script, and the file of a key that signs contracts. */
  toolBundleBytes: 4 * 1024 * 1024,
  /** One file of it, with its comments. */
  toolSourceBytes: 16 * 1024 * 1024,
  keyFileBytes: 4 * 1024,
  /** A configuration or instructions of an agent's client that `ifab setup` changes. */
  clientFileBytes: 256 * 1024,
  /** Problems of one of these files that are told. */
  configProblems: 100,
  channels: 16,
  channelRecipients: 32,
  /** Notices that wait for one channel; beyond that the oldest of the lowest severity makes room. */
  channelNotices: 1_000,
  /** One attempt to send a notice, from connecting to the last answer. */
  channelAttemptMs: 30_000,
  /** What a notice quotes of a question or an answer, of any other text, and how many facts of the context. */
  noticeQuoteChars: 4_096,
  noticeFactChars: 256,
  noticeFacts: 16,
  /** Text of a notice as a whole. Slack cuts a message at 40,000. */
  noticeChars: 16_384,
  /** Subject of an e-mail, before it is encoded. */
  noticeSubjectChars: 160,
} as const
