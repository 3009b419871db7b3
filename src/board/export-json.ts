import { formatTimestamp } from '../model/time.js'
import type { BoardView } from './view.js'

/** A board with live status as JSON; times are RFC 3339 strings. */
export function exportJson(view: BoardView): string {
  return `${JSON.stringify(view, presentTime, 2)}\n`
}

function presentTime(key: string, value: unknown): unknown {
  const isTime = key === 'at' || key === 'notBefore' || /[a-z]At$/.test(key)
  return isTime && typeof value === 'number' ? formatTimestamp(value) : value
}
