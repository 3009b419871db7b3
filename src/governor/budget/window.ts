import type { WindowKind } from '../../model/budget.js'
import { DAY_MS, formatTimestamp } from '../../model/time.js'

/** The window of a kind that a moment lies in, by UTC: `total`, `day:2026-11-25`, `week:2026-W48` (ISO 8601), `month:2026-11`. */
export function windowOf(kind: WindowKind, at: number): string {
  // Every claim asks, and all claims of a day get the same answer.
  const day = Math.floor(at / DAY_MS)
  if (day !== lastDay) {
    lastDay = day
    windows = {}
  }
  windows[kind] ??= nameOf(kind, at)
  return windows[kind]
}

function nameOf(kind: WindowKind, at: number): string {
  switch (kind) {
    case 'total':
      return 'total'
    case 'day':
      return `day:${dateOf(at)}`
    case 'week':
      return `week:${isoWeek(at)}`
    case 'month':
      return `month:${dateOf(at).slice(0, 7)}`
  }
}

/** The kind that a window is of. */
export function windowKindOf(window: string): WindowKind {
  const end = window.indexOf(':')
  return (end < 0 ? window : window.slice(0, end)) as WindowKind
}

function dateOf(at: number): string {
  return formatTimestamp(at).slice(0, 10)
}

let lastDay = Number.NaN
let windows: Partial<Record<WindowKind, string>> = {}

/** A week belongs to the year of its Thursday. */
function isoWeek(at: number): string {
  const days = Math.floor(at / DAY_MS)
  // Day 0, the first of January 1970, was a Thursday.
  const thursday = days - ((days + 3) % 7) + 3
  const year = dateOf(thursday * DAY_MS).slice(0, 4)
  const newYear = Math.floor(Date.parse(`${year}-01-01T00:00:00.000Z`) / DAY_MS)
  const week = Math.floor((thursday - newYear) / 7) + 1
  return `${year}-W${String(week).padStart(2, '0')}`
}
