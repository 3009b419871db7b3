import type { BoardProblemCode, SourceLocation } from '../model/board.js'
import { ID_PATTERN } from '../model/ids.js'
import { parseDollars } from '../model/money.js'
import { MILESTONE_PERCENTS, type PlannedMilestone, TASK_KINDS } from '../model/task.js'
import { parseEstimateMinutes } from '../model/time.js'
import type { DraftField, DraftFields, TaskDraft } from './draft.js'
import type { Problems } from './problems.js'
import { readStatus } from './status.js'
import { cleaned, NOT_TEXT, quote, saysNothing, toId, unmark, withoutEmoji } from './text.js'

type Warn = (code: BoardProblemCode, message: string) => void
type Reader<Value> = (items: readonly string[], warn: Warn, fail: Warn) => Value | undefined

/** Reads what a file says about one field: one text from a cell or a label, several from a list. */
const READERS: { readonly [Field in DraftField]: Reader<DraftFields[Field]> } = {
  title: (items) =>
    items
      .join(' ')
      .replace(/[\n\t]/g, ' ')
      .trim() || undefined,
  description: (items) => items.join('\n').trim() || undefined,
  state: readState,
  kind: readKind,
  dependencies: readDependencies,
  requires: readCapabilities,
  priority: readPriority,
  estimateMinutes: readEstimate,
  tier: readTier,
  deliverable: (items) => readText(items.join('\n')),
  acceptance: (items) => nonEmpty(items.map((item) => unmark(withoutCheckbox(item)))),
  milestones: readMilestones,
  keyTests: (items) => nonEmpty(items.map((item) => withoutCheckbox(item).replace(/\(\)$/, ''))),
  owner: readOwner,
  module: readModule,
  maxCostNanos: readCost,
}

/** Notes in `draft` what the file says about `field` at `at`; what makes no sense becomes a problem instead. */
export function stateField<Field extends DraftField>(
  draft: TaskDraft,
  field: Field,
  items: readonly string[],
  at: SourceLocation,
  problems: Problems,
): void {
  const warn: Warn = (code, message) => problems.warn(code, at, `${draft.id}: ${message}`)
  const fail: Warn = (code, message) => problems.error(code, at, `${draft.id}: ${message}`)
  // Character references and escapes bring in what the file itself does not hold.
  if (items.some((item) => NOT_TEXT.test(item))) warn('unreadable', 'control characters were read as spaces.')
  const value = READERS[field](items.map(cleaned), warn, fail)
  if (value === undefined || draft.fields[field] !== undefined) return
  Object.assign(draft.fields, { [field]: { value, file: at.file, line: at.line } })
}

export function withoutCheckbox(text: string): string {
  return text.replace(/^\[[ xX]\]\s+/, '').trim()
}

function nonEmpty(items: readonly string[]): string[] | undefined {
  const kept = items.filter((item) => item !== '')
  return kept.length > 0 ? kept : undefined
}

function readText(text: string): string | undefined {
  return saysNothing(text) ? undefined : text.trim()
}

function readState(items: readonly string[], warn: Warn): DraftFields['state'] | undefined {
  const text = items.join(' ')
  if (saysNothing(text)) return undefined
  const state = readStatus(text)
  if (state === undefined) {
    warn('bad_status', `${quote(text)} is no status. Use available, claimed, blocked, completed, failed or cancelled.`)
  }
  return state
}

function readKind(items: readonly string[], warn: Warn): DraftFields['kind'] | undefined {
  const text = withoutEmoji(items.join(' ')).toLowerCase()
  if (saysNothing(text)) return undefined
  const kind = [...TASK_KINDS, 'external' as const].find((name) => text === name || text === `${name} task`)
  if (kind === undefined) warn('unreadable', `${quote(text)} is no kind of task. Use primary, filler or external.`)
  return kind
}

/** An empty cell and a dash leave it open; `None` states that there are none. */
function readDependencies(items: readonly string[]): readonly string[] | undefined {
  const texts = items.map((item) => withoutCheckbox(item)).filter((item) => !/^[-–—]*$/.test(item))
  if (texts.length === 0) return undefined
  return texts.filter((text) => !saysNothing(text) && !/^(?:none|no dependencies|nothing)\b(?![._:-])/i.test(text))
}

function readCapabilities(items: readonly string[]): readonly string[] | undefined {
  const names = items.flatMap((item) => withoutCheckbox(item).split(/[,;\n]/)).map((name) => name.trim())
  const ids = names.filter((name) => !saysNothing(name)).map(toId)
  return nonEmpty([...new Set(ids.filter((id) => id !== undefined))])
}

const PRIORITY_WORDS = new Map([
  ['critical', 100],
  ['highest', 100],
  ['urgent', 100],
  ['p0', 100],
  ['high', 75],
  ['p1', 75],
  ['medium', 50],
  ['normal', 50],
  ['p2', 50],
  ['low', 25],
  ['p3', 25],
  ['lowest', 0],
  ['p4', 0],
])

function readPriority(items: readonly string[], warn: Warn): number | undefined {
  const text = withoutEmoji(items.join(' ')).toLowerCase()
  if (saysNothing(text)) return undefined
  const value = /^\d{1,3}$/.test(text) ? Number(text) : PRIORITY_WORDS.get(text.split(/[^a-z0-9]/)[0] ?? '')
  if (value !== undefined && value <= 100) return value
  warn('unreadable', `${quote(text)} is no priority. Use 0 to 100, or critical, high, medium or low.`)
  return undefined
}

function readEstimate(items: readonly string[], _warn: Warn, fail: Warn): number | undefined {
  const text = withoutEmoji(items.join(' '))
  const plain = text.replace(/\([^)]*\)$/, '').trim()
  if (saysNothing(plain)) return undefined
  const minutes = parseEstimateMinutes(plain)
  if (minutes === undefined) fail('bad_estimate', `${quote(text)} is no estimate. Write it like 15m, 2h or 1h 30m.`)
  return minutes
}

const KNOWN_TIERS = ['haiku', 'sonnet', 'opus']

function readTier(items: readonly string[], warn: Warn): string | undefined {
  const text = withoutEmoji(items.join(' ')).toLowerCase()
  if (saysNothing(text) || text === 'any') return undefined
  if (ID_PATTERN.test(text)) return text
  const words: readonly string[] = text.match(/[a-z]+/g) ?? []
  const named = KNOWN_TIERS.filter((tier) => words.includes(tier))
  if (named.length === 1) return named[0]
  warn('bad_tier', `${quote(text)} names no single model tier. Use haiku, sonnet, opus or one name of your own.`)
  return undefined
}

const NOBODY = new Set(['unassigned', 'unclaimed', 'available', 'open', 'anyone', 'any', 'nobody', 'all', 'everyone'])

function readOwner(items: readonly string[], warn: Warn): string | undefined {
  const text = withoutEmoji(items.join(' ')).replace(/^@/, '').trim()
  if (saysNothing(text) || NOBODY.has(text.toLowerCase())) return undefined
  if (ID_PATTERN.test(text)) return text
  const owner = /[,;/&+\n]|\s(?:and|or)\s/i.test(text) ? undefined : toId(text)
  if (owner === undefined) warn('bad_id', `${quote(text)} does not name one owner. Name one swarm by its id.`)
  return owner
}

function readModule(items: readonly string[], warn: Warn): string | undefined {
  const text = items.join(' ').trim()
  if (saysNothing(text)) return undefined
  if (ID_PATTERN.test(text)) return text
  warn('bad_id', `${quote(text)} names no module. Name the swarm whose module does the task by its id.`)
  return undefined
}

function readCost(items: readonly string[], warn: Warn): number | undefined {
  const text = items.join(' ').trim()
  if (saysNothing(text)) return undefined
  const nanos = parseDollars(text)
  if (nanos === undefined) warn('unreadable', `${quote(text)} is no sum of dollars. Write it like $1.25.`)
  return nanos
}

const MILESTONE = /^(\d{1,3})\s*%\s*(?:[-–—:]\s*)?(.*)$/s

/** Whether a list item plans a milestone: `25% - scaffolding done`. */
export function isMilestone(item: string): boolean {
  return MILESTONE.test(withoutCheckbox(item))
}

function readMilestones(items: readonly string[], warn: Warn): readonly PlannedMilestone[] | undefined {
  const milestones: PlannedMilestone[] = []
  for (const item of items) {
    const match = MILESTONE.exec(withoutCheckbox(item))
    const percent = MILESTONE_PERCENTS.find((one) => one === Number(match?.[1]))
    const text = match?.[2]?.trim()
    if (percent === undefined || !text) {
      if (!saysNothing(item)) warn('unreadable', `${quote(item)} is no milestone. Write it like "25% - tests pass".`)
    } else if (milestones.some((known) => known.percent === percent)) {
      warn('unreadable', `There are two milestones at ${percent}%. The first one counts.`)
    } else milestones.push({ percent, text })
  }
  return milestones.length > 0 ? milestones : undefined
}
