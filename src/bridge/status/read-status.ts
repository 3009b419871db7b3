import { decodeFile } from '../../board/decode.js'
import { splitTitledId } from '../../board/identify.js'
import { Problems } from '../../board/problems.js'
import { readStatus as readState } from '../../board/status.js'
import { cleaned, saysNothing, toId } from '../../board/text.js'
import { reasonOf } from '../../client/work/end.js'
import { isId } from '../../model/ids.js'
import { LIMITS } from '../../model/limits.js'
import { MILESTONE_PERCENTS, type MilestonePercent } from '../../model/task.js'
import type { StatusField } from './fields.js'
import { readStatements, type Statement } from './statements.js'
import type { AgentStatus, NamedTask, StatedBlocker, StatedProgress, StatusProblem } from './status.js'
import { firstNumber, textsOf } from './values.js'

export interface StatusReading {
  /** Undefined where nothing of the file can be read. */
  readonly status?: AgentStatus
  /** At most `LIMITS.statusProblems`. */
  readonly problems: readonly StatusProblem[]
}

/** Reads a status file in whichever words and form its agent writes it. Never throws for what stands in it. */
export function readStatus(name: string, bytes: Uint8Array): StatusReading {
  if (bytes.length > LIMITS.statusFileBytes) {
    return { problems: [{ line: 1, problem: `The file is too large: ${LIMITS.statusFileBytes} bytes are read.` }] }
  }
  const found = new Problems()
  const text = decodeFile({ name, bytes }, found)
  const decoding = found.list([name]).map(({ line, message }) => ({ line, problem: message }))
  if (text === undefined) return { problems: decoding }
  const conflict = text.search(CONFLICT_MARK)
  if (conflict >= 0) {
    const line = text.slice(0, conflict).split('\n').length
    return {
      problems: [{ line, problem: 'A conflict of a merge begins here. Resolve it; nothing of the file was read.' }],
    }
  }
  const { statements, problems } = readStatements(name, text)
  const all = [...decoding, ...problems]
  if (statements.length === 0) return { problems: bounded(orEmpty(all)) }
  const reader = new StatusReader(statements)
  const status = reader.read()
  return { status, problems: bounded([...all, ...reader.problems]) }
}

const CONFLICT_MARK = /^(?:<{7} |>{7} )/m

function orEmpty(problems: readonly StatusProblem[]): readonly StatusProblem[] {
  const problem = 'No field of a status is in the file. Write one, such as current_task: P0.1.2.'
  return problems.length > 0 ? problems : [{ line: 1, problem }]
}

function bounded(problems: readonly StatusProblem[]): StatusProblem[] {
  const fitting = problems.map(({ line, problem }) => ({ line, problem: reasonOf(problem) }))
  return fitting.slice(0, LIMITS.statusProblems)
}

class StatusReader {
  readonly problems: StatusProblem[] = []
  readonly #statements: readonly Statement[]

  constructor(statements: readonly Statement[]) {
    this.#statements = statements
  }

  read(): AgentStatus {
    const blockers = this.#blockers()
    const state = this.#state()
    const capabilities = this.#capabilities()
    const readUpTo = this.#number('readUpTo')
    return {
      ...this.#named('swarm', toId),
      ...(state !== undefined && { state }),
      tasks: this.#tasks('tasks'),
      isIdle: this.#isIdle(),
      completed: this.#tasks('completed'),
      failed: this.#tasks('failed'),
      released: this.#tasks('released'),
      progress: this.#progress(),
      ...(blockers && { blockers }),
      ...this.#note('reason'),
      ...this.#note('summary'),
      ...this.#note('deliverable'),
      commits: this.#commits(),
      ...(capabilities && { capabilities }),
      ...(readUpTo !== undefined && { readUpTo }),
    }
  }

  #of(field: StatusField): readonly Statement[] {
    return this.#statements.filter((statement) => statement.field === field)
  }

  /** Texts about a field that say something, with their lines. */
  #texts(field: StatusField): { text: string; line: number }[] {
    return this.#of(field)
      .flatMap(({ value, line }) => shortTexts(value).map((text) => ({ text, line })))
      .filter(({ text }) => !saysNothing(text))
      .slice(0, LIMITS.listItems)
  }

  #named(field: 'swarm', read: (text: string) => string | undefined): { swarm?: string } {
    for (const { text, line } of this.#texts(field)) {
      const id = read(text)
      if (id !== undefined) return { swarm: id }
      this.problems.push({ line, problem: `What stands for ${field} is no id.` })
    }
    return {}
  }

  #state() {
    for (const { text } of this.#texts('state')) {
      const state = readState(text)
      if (state !== undefined) return state
    }
    return undefined
  }

  #tasks(field: 'tasks' | 'completed' | 'failed' | 'released'): NamedTask[] {
    const named = new Map<string, NamedTask>()
    for (const { value, line } of this.#of(field)) {
      // `completed: 5` counts, and `completed: true` is about the task that the file names anyway.
      if (field !== 'tasks' && (typeof value === 'number' || typeof value === 'boolean')) continue
      for (const text of shortTexts(value)) {
        if (saysNothing(text)) continue
        const task = taskIn(text)
        if (task === undefined) this.problems.push({ line, problem: 'No id of a task stands here.' })
        else if (named.size < LIMITS.answerTasks) named.set(task, { task, line })
      }
    }
    return [...named.values()]
  }

  #isIdle(): boolean {
    const stated = this.#of('tasks')
    return stated.length > 0 && stated.every(({ value }) => textsOf(value).every((text) => saysNothing(text)))
  }

  #progress(): StatedProgress {
    const texts = [...this.#texts('progress'), ...this.#texts('state').filter(({ text }) => text.includes('%'))]
    const percent = texts.map(({ text }) => percentIn(text)).find((found) => found !== undefined)
    const words = texts.map(({ text }) => wordsIn(text)).find((found) => found !== '')
    const note = words ?? this.#texts('note')[0]?.text
    const nextAction = this.#texts('next')[0]?.text
    const testsPassed = this.#number('passed')
    const testsFailed = this.#number('testsFailed')
    const floor = MILESTONE_PERCENTS.findLast((one) => one <= (percent ?? 0))
    return {
      ...(floor !== undefined && { percent: floor }),
      ...(note !== undefined && { note: reasonOf(atFloor(percent, floor, note)) }),
      ...(testsPassed !== undefined && { testsPassed }),
      ...(testsFailed !== undefined && { testsFailed }),
      ...(nextAction !== undefined && { nextAction: reasonOf(nextAction) }),
    }
  }

  /** Undefined where nothing is said; `blocked_on: null` says that nothing blocks. */
  #blockers(): StatedBlocker[] | undefined {
    const kinds = { blocked: 'external', help: 'help', human: 'human' } as const
    const fields = Object.keys(kinds) as (keyof typeof kinds)[]
    if (fields.every((field) => this.#of(field).length === 0)) return undefined
    const stated = fields.flatMap((field) =>
      this.#texts(field)
        .filter(({ text }) => !/^(?:true|false|yes)$/i.test(text))
        .map(({ text, line }): StatedBlocker => {
          const waitsFor = field === 'blocked' ? idLike(text) : undefined
          return { kind: kinds[field], needs: reasonOf(text), line, ...(waitsFor !== undefined && { waitsFor }) }
        }),
    )
    if (stated.length > 0) return stated.slice(0, LIMITS.openBlockersPerTask)
    const flag = this.#of('blocked').find(({ value }) => value === true || value === 'yes')
    const reason = this.#texts('reason')[0]?.text
    if (flag === undefined) return []
    return [{ kind: 'external', needs: reasonOf(reason ?? 'something that it does not say'), line: flag.line }]
  }

  #note<Field extends 'reason' | 'summary' | 'deliverable'>(field: Field): { [Name in Field]?: string } {
    const text = this.#texts(field)[0]?.text
    return (text === undefined ? {} : { [field]: reasonOf(text) }) as { [Name in Field]?: string }
  }

  #commits(): string[] {
    const found = this.#texts('commits').flatMap(({ text }) => text.match(/\b[0-9a-f]{7,64}\b/gi) ?? [])
    return [...new Set(found)].slice(0, MOST_COMMITS)
  }

  #capabilities(): string[] | undefined {
    const names = this.#texts('capabilities').flatMap(({ text }) => text.split(/[,;]/))
    const ids = names.map((name) => name.trim()).filter(isId)
    return ids.length === 0 ? undefined : [...new Set(ids)].slice(0, LIMITS.listItems)
  }

  #number(field: StatusField): number | undefined {
    return this.#of(field)
      .map(({ value }) => firstNumber(value))
      .find((number) => number !== undefined)
  }
}

const MOST_COMMITS = 8

/** Cut before anything looks at them: what is longer fits into no field. */
function shortTexts(value: unknown): string[] {
  return textsOf(value).map((text) => cleaned(text.slice(0, LIMITS.noteChars)).trim())
}

/** `P0.1.2`, `P0.1.2: Atomic claims`, `[P0.1.2]`. */
function taskIn(text: string): string | undefined {
  return isId(text) ? text : splitTitledId(text, new Set())?.id
}

/** As above, but a single word that has not the shape of an id is a text. */
function idLike(text: string): string | undefined {
  return splitTitledId(text, new Set())?.id
}

/** `50%`, `50% - lifecycle tests pass`, `0.5`, `50`. */
function percentIn(text: string): number | undefined {
  const [, marked] = /(\d{1,3}(?:\.\d{1,4})?)\s*%/.exec(text) ?? []
  if (marked !== undefined) return inRange(Number(marked))
  const [bare] = /^\d{1,3}(?:\.\d{1,4})?$/.exec(text) ?? []
  if (bare === undefined) return undefined
  const number = Number(bare)
  return inRange(bare.includes('.') && number <= 1 ? number * 100 : number)
}

function inRange(percent: number): number | undefined {
  return percent <= 100 ? percent : undefined
}

/** What stands beside the number. */
function wordsIn(text: string): string {
  return text
    .replace(/\(?\d{1,3}(?:\.\d{1,4})?\s*%\)?|^\d{1,3}(?:\.\d{1,4})?$/, ' ')
    .replace(/^[\s\-–—:,]+|[\s\-–—:,]+$/g, '')
}

/** Milestones are quarters: what is said beyond one stays in its note. */
function atFloor(percent: number | undefined, floor: MilestonePercent | undefined, note: string): string {
  return percent === undefined || percent === (floor ?? 0) ? note : `${percent}% - ${note}`
}
