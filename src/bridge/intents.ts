import type { TaskView } from '../client/operation-types.js'
import type { BlockerKind } from '../model/blocker.js'
import { LIMITS } from '../model/limits.js'
import type { Evidence } from '../model/task.js'
import { type ClaimMemory, digestOf } from './memory.js'
import type { AgentStatus, NamedTask, StatedBlocker, StatedProgress, StatusProblem } from './status/status.js'

/** What the fabric says of the tasks that a status file and the memory name; undefined for those it has not. */
export type KnownTasks = ReadonlyMap<string, TaskView | undefined>

export type Milestone = Required<Pick<StatedProgress, 'percent'>> & StatedProgress

/** A word to the fabric that follows from a status file. Words about a task under its epoch come after its claim. */
export type Intent =
  | { readonly kind: 'claim' | 'beat'; readonly task: string; readonly line: number }
  | { readonly kind: 'milestone'; readonly task: string; readonly line: number; readonly report: Milestone }
  | {
      readonly kind: 'block'
      readonly task: string
      readonly line: number
      readonly blocker: { readonly kind: BlockerKind; readonly needs: string; readonly waitsFor?: string }
    }
  | { readonly kind: 'unblock'; readonly task: string; readonly line: number; readonly blocker: string }
  | {
      readonly kind: 'complete'
      readonly task: string
      readonly line: number
      readonly evidence: readonly Evidence[]
      readonly summary?: string
    }
  | { readonly kind: 'fail'; readonly task: string; readonly line: number; readonly reason: string }
  | { readonly kind: 'release'; readonly task: string; readonly line: number; readonly note: string }

export interface Plan {
  readonly intents: readonly Intent[]
  readonly problems: readonly StatusProblem[]
}

interface Situation {
  readonly status: AgentStatus
  readonly memory: { readonly claims: readonly ClaimMemory[]; readonly commit: string }
  readonly known: KnownTasks
}

/** What to tell the fabric about a status file that is new, given what was told before. */
export function planIntents(situation: Situation): Plan {
  const { status, memory } = situation
  const ended = endings(situation)
  const held = new Map(memory.claims.map((claim) => [claim.task, claim]))
  const ending = new Set(ended.map(({ task }) => task))
  const wanted = status.tasks.filter(({ task }) => !ending.has(task))
  const kept = [...held.keys()].filter((task) => !ending.has(task) && !wanted.some((one) => one.task === task))
  const released = status.isIdle && !hasBlockers(status) ? kept : []
  const working = [...wanted, ...kept.filter((task) => !released.includes(task)).map((task) => ({ task, line: 1 }))]
  const words = working.map((task) => wordsAbout(situation, task, held.get(task.task), working))
  const note = 'its status says that it works on nothing'
  return {
    // What ends comes first, and then what is held: both can make room for what is wanted next.
    intents: [
      ...ended,
      ...released.map((task): Intent => ({ kind: 'release', task, line: 1, note })),
      ...words.filter(([first]) => first?.kind === 'beat').flat(),
      ...words.filter(([first]) => first?.kind === 'claim').flat(),
    ],
    problems: misplaced(status, working[0]),
  }
}

function hasBlockers({ blockers = [] }: AgentStatus): boolean {
  return blockers.length > 0
}

/** Tasks that the file says are over, each claimed first where it was not: between two looks an agent may do both. */
function endings(situation: Situation): Intent[] {
  const { status, memory, known } = situation
  const { state, reason = 'its status says so, without a reason' } = status
  const held = memory.claims.map(({ task }) => task)
  // `status: completed` without a task is about the one that it has.
  const meant =
    status.tasks.length > 0 ? status.tasks : held.length === 1 ? held.map((task) => ({ task, line: 1 })) : []
  const by = (named: readonly NamedTask[], word: AgentStatus['state']) =>
    named.length === 0 && state === word ? meant : named
  const completed = by(status.completed, 'completed').flatMap(({ task, line }): Intent[] => {
    const row = known.get(task)
    if (row?.state === 'completed') return [{ kind: 'complete', task, line, ...proof(situation, task) }]
    const claim: Intent[] = held.includes(task) ? [] : [{ kind: 'claim', task, line }]
    return [...claim, { kind: 'complete', task, line, ...proof(situation, task) }]
  })
  const failed = by(status.failed, 'failed').map(({ task, line }): Intent => ({ kind: 'fail', task, line, reason }))
  const released = by(status.released, 'cancelled').map(({ task, line }): Intent => {
    return { kind: 'release', task, line, note: status.reason ?? 'its status gives it back' }
  })
  return [...completed, ...failed, ...released]
}

/** The commit that the status was seen in, and whatever else the file names. */
function proof({ status, memory }: Situation, task: string): { evidence: readonly Evidence[]; summary?: string } {
  const { testsPassed, testsFailed, note } = status.progress
  const commits = [memory.commit, ...status.commits.filter((commit) => !memory.commit.startsWith(commit))]
  const tests = testsPassed === undefined && testsFailed === undefined ? undefined : { testsPassed, testsFailed }
  const summary = status.summary ?? note
  return {
    evidence: [
      ...commits.map((commit): Evidence => ({ kind: 'commit', commit })),
      ...(status.deliverable === undefined ? [] : [noteOf(`Deliverable of ${task}: ${status.deliverable}`)]),
      ...(tests === undefined ? [] : [noteOf(`Tests passed: ${testsPassed ?? 0}, failed: ${testsFailed ?? 0}`)]),
    ],
    ...(summary !== undefined && { summary }),
  }
}

function noteOf(text: string): Evidence {
  return { kind: 'note', text: text.slice(0, LIMITS.noteChars) }
}

/** Everything about one task that the agent works on, its claim first. Progress is about the one that is named first. */
function wordsAbout(
  { status, known }: Situation,
  named: NamedTask,
  claim: ClaimMemory | undefined,
  working: readonly NamedTask[],
): Intent[] {
  const { percent } = status.progress
  const report = percent === undefined || working[0] !== named ? undefined : { ...status.progress, percent }
  const { percent: reached = 0, digest } = claim?.told ?? {}
  const isNews = report !== undefined && report.percent >= reached && digestOf(report) !== digest
  const stated = status.blockers?.filter((blocker) => blockedTask(blocker, working, known) === named)
  return [
    { kind: claim === undefined ? 'claim' : 'beat', ...named },
    ...(isNews ? [{ kind: 'milestone', ...named, report } as const] : []),
    ...blockerWords(stated, named, claim, known),
  ]
}

/** Filler work is what an agent does while its own is blocked: what blocks it is then not about the filler. */
function blockedTask({ kind }: StatedBlocker, working: readonly NamedTask[], known: KnownTasks): NamedTask | undefined {
  const primary = working.find(({ task }) => known.get(task)?.kind !== 'filler')
  return primary ?? (kind === 'help' || kind === 'human' ? working[0] : undefined)
}

/** What the file names and was not raised is raised; what was raised and is not named any more is resolved. */
function blockerWords(
  stated: readonly StatedBlocker[] | undefined,
  { task, line }: NamedTask,
  claim: ClaimMemory | undefined,
  known: KnownTasks,
): Intent[] {
  if (stated === undefined) return []
  const raised = claim?.blockers ?? []
  const gone = raised.filter(({ digest }) => !stated.some(({ needs }) => digestOf(needs) === digest))
  const fresh = stated.filter(({ needs }) => !raised.some(({ digest }) => digestOf(needs) === digest))
  return [
    ...gone.map(({ id }): Intent => ({ kind: 'unblock', task, line, blocker: id })),
    ...fresh.map(
      ({ line: at, ...blocker }): Intent => ({ kind: 'block', task, line: at, blocker: blockerOf(blocker, known) }),
    ),
  ]
}

function blockerOf({ kind, needs, waitsFor }: Omit<StatedBlocker, 'line'>, known: KnownTasks) {
  const isTask = waitsFor !== undefined && known.get(waitsFor) !== undefined
  return isTask ? { kind: 'task' as const, needs, waitsFor } : { kind, needs }
}

function misplaced({ blockers = [] }: AgentStatus, about: NamedTask | undefined): StatusProblem[] {
  const [first] = blockers
  if (first === undefined || about !== undefined) return []
  return [{ line: first.line, problem: 'A blocker is about a task. Write with current_task which one is blocked.' }]
}
