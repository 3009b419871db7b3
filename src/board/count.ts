import type { TaskDraft } from './draft.js'
import type { MarkdownFile } from './markdown.js'
import type { MergedTask } from './merge.js'
import type { Problems } from './problems.js'
import { kindOf } from './spec.js'

interface StatedCount {
  readonly count: number
  readonly kind: 'primary' | 'filler' | undefined
}

/** Holds headings that state a number of tasks (`Filler Tasks (20)`, `Phase 0 - 28 tasks`) against what is below them. */
export function checkCounts(
  files: readonly MarkdownFile[],
  drafts: readonly TaskDraft[],
  tasks: readonly MergedTask[],
  problems: Problems,
): void {
  const kinds = new Map(tasks.map((task) => [task.id, kindOf(task)]))
  for (const file of files) {
    const here = drafts.filter((draft) => draft.file === file.name)
    const ofTasks = new Set(here.filter(({ form }) => form === 'section').map(({ line }) => line))
    for (const { text, line, lastLine } of file.sections) {
      const stated = ofTasks.has(line) ? undefined : readCount(text)
      if (stated === undefined) continue
      const below = new Set(here.filter((draft) => draft.line >= line && draft.line <= lastLine).map(({ id }) => id))
      const ofKind = (kind: string) => [...below].filter((id) => kinds.get(id) === kind).length
      const primary = ofKind('primary')
      const found = stated.kind === undefined ? below.size : ofKind(stated.kind)
      if (found === stated.count || (stated.kind === undefined && primary === stated.count)) continue
      const message = `The heading states ${stated.count} tasks; there are ${found} below it. Correct one of the two.`
      problems.warn('count_mismatch', { file: file.name, line }, message)
    }
  }
}

function readCount(text: string): StatedCount | undefined {
  const kind = /\bfillers?\b/i.test(text) ? 'filler' : /\bprimary\b/i.test(text) ? 'primary' : undefined
  const inBrackets = /\b(?:tasks?|fillers?)\b.*\((\d{1,6})\)\W*$/i.exec(text)?.[1]
  if (inBrackets !== undefined) return { count: Number(inBrackets), kind }
  const matches = [...text.matchAll(/(?:^|[-–—:(,]\s*)(\d{1,6})\s+(?:(primary|filler)\s+)?(?:tasks?|fillers)\b/gi)]
  const [only] = matches
  if (only === undefined || matches.length > 1) return undefined
  return { count: Number(only[1]), kind }
}
