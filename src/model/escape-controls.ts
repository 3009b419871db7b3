/**
 * Control and format characters, line and paragraph separators, lone surrogates, and others that are shown as nothing, but for
 * those that tell whether an emoji is in colour.
 */
const UNSAFE = /(?!\ufe0e|\ufe0f)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu
const UNSAFE_IN_LINES = new RegExp(`(?![\\n\\t])${UNSAFE.source}`, 'gu')

/** Shows what ends lines, moves the cursor, hides text or turns its direction as an escape: `\u001b`. */
export function escapeControls(text: string): string {
  return text.replace(UNSAFE, escaped)
}

/** The same for a text of several lines: line feeds and tabs stay. */
export function escapeControlsInLines(text: string): string {
  return text.replace(UNSAFE_IN_LINES, escaped)
}

function escaped(found: string): string {
  const units = Array.from({ length: found.length }, (_, at) => found.charCodeAt(at))
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')
}
