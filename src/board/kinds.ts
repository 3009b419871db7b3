import type { DraftFields } from './draft.js'
import type { Section } from './markdown.js'

/** What the nearest heading that speaks of a kind says about the tasks below it. */
export function kindOfSection(section: Section | undefined): DraftFields['kind'] | undefined {
  for (let one = section; one !== undefined; one = one.parent) {
    const kind = kindOfHeading(one.text)
    if (kind !== undefined) return kind
  }
  return undefined
}

function kindOfHeading(text: string): DraftFields['kind'] | undefined {
  if (/^external (?:tasks?|dependenc(?:y|ies)|placeholders?)\b/i.test(text)) return 'external'
  const filler = /\bfillers?\b/i.test(text)
  const primary = /\bprimary\b/i.test(text)
  if (filler === primary) return undefined
  return filler ? 'filler' : 'primary'
}
