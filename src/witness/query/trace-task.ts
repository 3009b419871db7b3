import { LIMITS } from '../../model/limits.js'
import type { LoggedEntry } from './facts.js'
import { Nesting } from './trace-nesting.js'
import { dependenciesOf, fieldsOf, isSpec } from './trace-relations.js'
import { headline, outcomeOf, type TaskOutcome } from './trace-state.js'
import { type Branch, GrowingTree } from './trace-tree.js'
import { counted, type Fields, named } from './trace-words.js'

/** The entries of one task, in log order. */
export interface Story {
  readonly entries: readonly LoggedEntry[]
  /** Index from which on they were not read, where there were too many. */
  readonly unreadFrom?: number
  /** Questions for people of which it is not known what became, because there are too many. */
  readonly unfollowed?: number
}

/** What a trace of a task is told from. */
export interface TaskMaterial {
  readonly stories: ReadonlyMap<string, Story>
  /** `board_imported` entries, in log order. */
  readonly imports: readonly LoggedEntry[]
}

/** What is told of a task that another one needs; the rest is in its own trace. */
const OUTLINE: ReadonlySet<string> = new Set([
  'task_created',
  'task_updated',
  'task_claimed',
  'task_released',
  'task_attempt_failed',
  'task_failed',
  'task_completed',
  'task_cancelled',
  'task_retried',
])

/** The entries that a trace shows of a task, so many steps away from the one it is about. */
function shownOf({ entries }: Story, depth: number): readonly LoggedEntry[] {
  return depth === 0 ? entries : entries.filter(({ type }) => OUTLINE.has(type))
}

/** What an entry makes its task wait for. */
function causesOf(entry: LoggedEntry): readonly string[] {
  const { waitsFor } = fieldsOf(entry)
  return entry.type === 'blocker_raised' && typeof waitsFor === 'string' ? [waitsFor] : dependenciesOf(entry)
}

/** Other tasks that a task waited for, each once, in the order in which the trace tells them. */
export function causesIn(story: Story, depth: number): string[] {
  return depth >= LIMITS.traceDepth ? [] : [...new Set(shownOf(story, depth).flatMap(causesOf))]
}

/** How a task came to where it is, and in outline the tasks it waited for. */
export function taskTree(id: string, material: TaskMaterial): GrowingTree {
  const outcomes = new Map([...material.stories].map(([task, story]) => [task, outcomeOf(story.entries)]))
  const outcome = outcomes.get(id) ?? outcomeOf([])
  const tree = new GrowingTree(headline(id, outcome, (other) => outcomes.get(other)))
  new TaskTelling(tree, material, outcomes).tell(tree.root, id, 0)
  return tree
}

class TaskTelling {
  readonly #tree: GrowingTree
  readonly #material: TaskMaterial
  readonly #outcomes: ReadonlyMap<string, TaskOutcome>
  readonly #told = new Set<string>()

  constructor(tree: GrowingTree, material: TaskMaterial, outcomes: ReadonlyMap<string, TaskOutcome>) {
    this.#tree = tree
    this.#material = material
    this.#outcomes = outcomes
  }

  /** What happened to the task itself comes first, so that it has its place in a tree that does not hold everything. */
  tell(branch: Branch, id: string, depth: number): void {
    this.#told.add(id)
    const story = this.#material.stories.get(id) ?? { entries: [] }
    const shown = shownOf(story, depth)
    const nesting = new Nesting(this.#tree, { branch, about: [id] }, this.#material.imports)
    const causes = new Map<string, Branch>()
    let spec: Fields = {}
    for (const entry of shown) {
      const text = entry.type === 'task_updated' ? { text: updateText(spec, fieldsOf(entry)) } : {}
      const line = nesting.place(entry, text)
      for (const cause of causesOf(entry)) if (!causes.has(cause)) causes.set(cause, line)
      if (isSpec(entry)) spec = fieldsOf(entry)
    }
    const hidden = story.entries.length - shown.length
    if (hidden > 0) this.#tree.line(branch, `${hidden} more in the trace of ${named(id)}`)
    if (story.unreadFrom !== undefined) {
      this.#tree.gap(branch, `not shown: entries of ${named(id)} from #${story.unreadFrom} on, there are too many`)
    }
    if (story.unfollowed !== undefined) this.#tree.gap(branch, unfollowedText(story.unfollowed))
    for (const [cause, line] of causes) this.#tellCause(line, cause, depth + 1)
  }

  #tellCause(parent: Branch, id: string, depth: number): void {
    const outcome = this.#outcomes.get(id)
    if (outcome === undefined) {
      this.#tree.gap(parent, `needs ${named(id)}, which is not followed here: see its own trace`)
      return
    }
    const line = `needs ${headline(id, outcome, (other) => this.#outcomes.get(other))}`
    if (this.#told.has(id)) this.#tree.line(parent, `${line}, see above`)
    else this.tell(this.#tree.line(parent, line), id, depth)
  }
}

export function unfollowedText(questions: number): string {
  return `not shown: what became of ${counted(questions, 'question')} for people, there are too many`
}

/** Names what changed: an entry has the whole description. */
function updateText(before: Fields, after: Fields): string {
  const fields = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  const changed = fields.filter((field) => JSON.stringify(before[field]) !== JSON.stringify(after[field]))
  return `updated ${changed.join(', ')}`
}
