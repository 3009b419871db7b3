import { LIMITS } from '../../model/limits.js'
import { type LoggedEntry, parseEntry } from './facts.js'
import type { EntryFilter } from './filter.js'
import type { QueryPage } from './query.js'
import { fieldsOf, isSpec, taskOf } from './trace-relations.js'
import { tasksToRead } from './trace-swarm.js'
import { causesIn, type Story, type TaskMaterial } from './trace-task.js'

/** A page of the stored entries that match, in log order. */
export type Ask = (filter: EntryFilter, page: { readonly from: number; readonly limit: number }) => Promise<QueryPage>

/**
 * Gathers what one trace is told from, within the limits. Everything is read of the log as it was at the first
 * question, so that entries written meanwhile do not tear the picture.
 */
export class TraceReader {
  readonly #ask: Ask
  #size: number | undefined
  #entriesLeft: number = LIMITS.traceEntries
  #bytesLeft: number = LIMITS.traceBytes
  /** Questions for people whose answers may still be looked up. */
  #questionsLeft: number = LIMITS.traceTasks
  readonly #imports = new Map<number, readonly LoggedEntry[]>()

  constructor(ask: Ask) {
    this.#ask = ask
  }

  /** Entries in the log. */
  get size(): number {
    return this.#size ?? 0
  }

  /** Whether any entry matches; with `subject`, any about just that, as one is also found by who wrote it. */
  async finds(filter: EntryFilter, subject?: string): Promise<boolean> {
    for await (const { index, bytes } of this.#matching(filter, 1)) {
      if (subject === undefined || parseEntry(index, bytes).subject === subject) return true
    }
    return false
  }

  async story(filter: EntryFilter, from = 0): Promise<Story> {
    const entries: LoggedEntry[] = []
    for await (const { index, bytes } of this.#matching(filter, LIMITS.tracePageEntries, from)) {
      if (this.#entriesLeft < 1 || this.#bytesLeft < bytes.length) return { entries, unreadFrom: index }
      this.#entriesLeft -= 1
      this.#bytesLeft -= bytes.length
      entries.push(parseEntry(index, bytes))
    }
    return { entries }
  }

  /** A task and what it waited for, directly and through others: each before its own causes, in the order of the trace. */
  async task(id: string): Promise<TaskMaterial> {
    const stories = new Map<string, Story>()
    const open = [{ id, depth: 0 }]
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (stories.has(next.id) || stories.size >= LIMITS.traceTasks) continue
      const { depth } = next
      const story = await this.#taskStory(next.id)
      stories.set(next.id, story)
      open.push(
        ...causesIn(story, depth)
          .map((cause) => ({ id: cause, depth: depth + 1 }))
          .reverse(),
      )
    }
    return { stories, imports: await this.#importsBehind(stories) }
  }

  /** A swarm, and those of its tasks whose entries say more of its claims. */
  async swarm(id: string): Promise<{ readonly own: Story; readonly tasks: ReadonlyMap<string, Story> }> {
    const own = await this.#withAnswers(await this.story({ swarm: id }))
    const tasks = new Map<string, Story>()
    for (const task of tasksToRead(id, own).slice(0, LIMITS.traceTasks)) tasks.set(task, await this.#taskStory(task))
    return { own, tasks }
  }

  /** Entries are found by every task that they name; a story has those that belong to it. */
  async #taskStory(id: string): Promise<Story> {
    const story = await this.story({ task: id })
    return this.#withAnswers({ ...story, entries: story.entries.filter((entry) => taskOf(entry) === id) })
  }

  /** An answer does not say whom it is about; the question does. */
  async #withAnswers(story: Story): Promise<Story> {
    const entries = new Map(story.entries.map((entry) => [entry.index, entry]))
    let unfollowed = 0
    for (const { type, subject, index } of story.entries) {
      if (type !== 'escalation_opened') continue
      this.#questionsLeft -= 1
      const answers = this.#questionsLeft < 0 ? undefined : await this.story({ escalation: subject }, index + 1)
      for (const entry of answers?.entries ?? []) entries.set(entry.index, entry)
      if (answers === undefined || answers.unreadFrom !== undefined) unfollowed += 1
    }
    const inOrder = [...entries.values()].sort((one, other) => one.index - other.index)
    return { ...story, entries: inOrder, ...(unfollowed > 0 && { unfollowed }) }
  }

  /** Imports are found by their time, which all entries of a command share. */
  async #importsBehind(stories: ReadonlyMap<string, Story>): Promise<LoggedEntry[]> {
    for (const { entries } of stories.values()) {
      for (const entry of entries) {
        const byBoard = isSpec(entry) && fieldsOf(entry).board !== undefined
        if (!byBoard || this.#imports.has(entry.at) || this.#imports.size >= LIMITS.traceTasks) continue
        const filter = { operation: 'board_imported', since: entry.at, until: entry.at + 1 }
        this.#imports.set(entry.at, (await this.story(filter)).entries)
      }
    }
    return [...this.#imports.values()].flat().sort((one, other) => one.index - other.index)
  }

  async *#matching(filter: EntryFilter, limit: number, start = 0): AsyncGenerator<QueryPage['entries'][number]> {
    for (let from = start; ; ) {
      const page = await this.#ask(filter, { from, limit })
      this.#size ??= page.size
      for (const entry of page.entries) {
        if (entry.index >= this.#size) return
        yield entry
      }
      if (page.done || page.next >= this.#size) return
      from = page.next
    }
  }
}
