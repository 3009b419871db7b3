import type { TaskState } from '../model/task.js'
import { emojiOf, withoutEmoji } from './text.js'

const WORDS: Readonly<Record<TaskState, readonly string[]>> = {
  available: [
    'available',
    'unclaimed',
    'todo',
    'to do',
    'open',
    'ready',
    'pending',
    'planned',
    'new',
    'backlog',
    'unassigned',
    'not started',
    'not done',
    'not claimed',
    'unblocked',
  ],
  claimed: [
    'claimed',
    'claiming',
    'in progress',
    'in-progress',
    'in_progress',
    'wip',
    'working',
    'active',
    'started',
    'ongoing',
    'doing',
    'running',
    'in review',
    'stuck',
  ],
  blocked: ['blocked', 'waiting', 'on hold', 'paused', 'stalled'],
  completed: ['completed', 'complete', 'done', 'finished', 'closed', 'merged', 'shipped', 'resolved'],
  failed: ['failed', 'failing', 'error', 'broken'],
  cancelled: ['cancelled', 'canceled', 'dropped', 'skipped', 'abandoned', 'obsolete', "won't do", 'wont do'],
}

const EMOJI: Readonly<Record<TaskState, readonly string[]>> = {
  available: ['🔵', '⚪', '⬜', '◻', '☐', '🆕', '📋', '🔓', '⭕'],
  claimed: ['🟡', '🟠', '🚧', '🔄', '🏃', '🔨', '🏗', '👷', '▶'],
  blocked: ['⏳', '⌛', '🔴', '🔒', '⛔', '🛑', '⏸', '🚦', '⏱'],
  completed: ['✅', '✔', '☑', '🎉', '🏁'],
  failed: ['❌', '✖', '💥', '🔥'],
  cancelled: ['🚫', '🗑', '⏭'],
}

const STATE_OF_EMOJI = invert(EMOJI)
const STATE_OF_WORDS = invert(WORDS)

/** A status as a cell or a label states it. Words say more than emoji; undefined when neither says anything. */
export function readStatus(text: string): TaskState | undefined {
  return stateOfWords(withoutEmoji(text)) ?? stateOfEmoji(emojiOf(text))
}

/** What an emoji beside a title says; one that only decorates says nothing. */
export function stateOfEmoji(emoji: readonly string[]): TaskState | undefined {
  for (const one of emoji) {
    const state = STATE_OF_EMOJI.get(one.replaceAll('\u{fe0f}', ''))
    if (state !== undefined) return state
  }
  return undefined
}

/** The longest known phrase that the text begins with: `in progress (50%)`, `Claimed by session-4`. */
function stateOfWords(text: string): TaskState | undefined {
  const plain = text
    .toLowerCase()
    .replaceAll('’', "'")
    .replace(/^[^a-z]+/, '')
  let longest = ''
  for (const phrase of STATE_OF_WORDS.keys()) {
    if (phrase.length > longest.length && startsWithPhrase(plain, phrase)) longest = phrase
  }
  return STATE_OF_WORDS.get(longest)
}

function startsWithPhrase(text: string, phrase: string): boolean {
  return text.startsWith(phrase) && !/^[a-z]/.test(text.slice(phrase.length))
}

function invert(table: Readonly<Record<TaskState, readonly string[]>>): Map<string, TaskState> {
  const entries = Object.entries(table) as [TaskState, readonly string[]][]
  return new Map(entries.flatMap(([state, names]) => names.map((name) => [name, state] as const)))
}
