import type { Ifab } from 'infrafabric/tool'
import type { Nodes } from 'mdast'
import { fromMarkdown } from 'mdast-util-from-markdown'

interface Page {
  /** Markdown. */
  readonly text: string
}

/** The headings of a page, and which links to its own parts lead nowhere. */
export default function examine(input: unknown, { log }: Ifab) {
  const headings: { level: number; title: string; anchor: string }[] = []
  const wanted: string[] = []
  walk(fromMarkdown((input as Page).text), (node) => {
    if (node.type === 'heading') {
      const title = titleOf(node)
      headings.push({ level: node.depth, title, anchor: anchorOf(title) })
    }
    if (node.type === 'link' && node.url.startsWith('#')) wanted.push(node.url.slice(1))
  })
  const known = new Set(headings.map(({ anchor }) => anchor))
  const broken = wanted.filter((anchor) => !known.has(anchor))
  for (const anchor of broken) log.warn(`no heading for #${anchor}`)
  return { headings, broken }
}

function walk(node: Nodes, visit: (node: Nodes) => void): void {
  visit(node)
  if ('children' in node) for (const child of node.children) walk(child, visit)
}

function titleOf(node: Nodes): string {
  const parts: string[] = []
  walk(node, (part) => {
    if ('value' in part) parts.push(part.value)
  })
  return parts.join('')
}

/** As the usual viewers make them. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')
}
