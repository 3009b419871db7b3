import type { LoggedEntry } from './facts.js'
import { spanOf, taskOf } from './trace-relations.js'
import type { Story } from './trace-task.js'
import { textOf } from './trace-text.js'
import { type Branch, GrowingTree } from './trace-tree.js'
import { counted, named } from './trace-words.js'

/** Everything that was written because of one traced request, by the spans that asked for it, and the tasks it touched. */
export function requestTree(id: string, { entries, unreadFrom }: Story): GrowingTree {
  const tasks = touchedTasks(entries)
  const spans = new Set(entries.map(spanOf))
  const size = `${entries.length} ${entries.length === 1 ? 'entry' : 'entries'}`
  const tree = new GrowingTree(
    `trace ${named(id)}: ${size} in ${counted(spans.size, 'span')}, ${counted(tasks.size, 'task')}`,
  )
  const branches = new Map<string, Branch>()
  for (const entry of entries) {
    const span = spanOf(entry)
    const branch = branches.get(span) ?? tree.line(tree.root, `span ${named(span)}`)
    branches.set(span, branch)
    tree.entry(branch, entry, textOf(entry))
  }
  if (unreadFrom !== undefined) tree.gap(tree.root, `not shown: entries from #${unreadFrom} on, there are too many`)
  if (tasks.size > 0) {
    const branch = tree.line(tree.root, 'tasks it touched')
    for (const [task, indexes] of tasks) tree.line(branch, `${named(task)} at ${indexText(indexes)}`)
  }
  return tree
}

function touchedTasks(entries: readonly LoggedEntry[]): Map<string, number[]> {
  const tasks = new Map<string, number[]>()
  for (const entry of entries) {
    const task = taskOf(entry)
    if (task === undefined) continue
    const indexes = tasks.get(task)
    if (indexes === undefined) tasks.set(task, [entry.index])
    else indexes.push(entry.index)
  }
  return tasks
}

const SHOWN_INDEXES = 8

function indexText(indexes: readonly number[]): string {
  const shown = indexes.slice(0, SHOWN_INDEXES).map((index) => `#${index}`)
  const more = indexes.length - shown.length
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ')
}
