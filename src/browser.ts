/** Everything that runs in a browser as well; `index.ts` adds what needs Node. */
export type { BoardFile } from './board/decode.js'
export { type ParseOptions, parseBoard } from './board/parse.js'
export type { CallOptions } from './client/call.js'
export { type ConnectOptions, connect, type FabricClient, type FabricOperations } from './client/client.js'
export type { EventsOptions, LogEntry } from './client/events.js'
export type {
  BlockerView,
  EscalationView,
  GrantView,
  InboxView,
  InputOf,
  MessageView,
  OfferView,
  OutputOf,
  Resource,
  StatusView,
  SwarmDetailView,
  SwarmView,
  TaskDetailView,
  TaskView,
  Verb,
} from './client/operation-types.js'
export type { Fetch, Transport, TransportReply, TransportRequest } from './client/transport.js'
export { ClaimEndedError, GiveUpError } from './client/work/end.js'
export type { HeldTask, WorkHandler } from './client/work/held-task.js'
export type { Help, HelpHandler } from './client/work/help.js'
export type { WorkEnd, Worker, WorkOptions, WorkProblem, WorkResult } from './client/work/options.js'
export type { WorkTiming } from './client/work/timing.js'
export type { UsageInput } from './client/work/usage-book.js'
export type { BoardDocument, BoardProblem, BoardTask } from './model/board.js'
export {
  ERRORS,
  type ErrorCode,
  type ErrorDetails,
  type ErrorReport,
  FabricError,
  isErrorCode,
  isFabricError,
} from './model/errors.js'
export { ID_PATTERN, isId } from './model/ids.js'
export { LIMITS } from './model/limits.js'
