import type { Heading, Nodes, Root, RootContent } from 'mdast'
import { fromMarkdown } from 'mdast-util-from-markdown'
import { gfmTableFromMarkdown } from 'mdast-util-gfm-table'
import { gfmTable } from 'micromark-extension-gfm-table'

/** A heading, what stands directly beneath it, and the lines up to the next heading of its depth. */
export interface Section {
  /** Place in the board: file and heading; what `All above` counts within. */
  readonly scope: string
  /** Absent before the first heading of a file. */
  readonly heading?: Heading
  readonly text: string
  /** 0 before the first heading, else 1 to 6. */
  readonly depth: number
  readonly line: number
  lastLine: number
  readonly parent?: Section
  readonly blocks: RootContent[]
}

export interface MarkdownFile {
  readonly name: string
  readonly source: string
  readonly sections: readonly Section[]
}

/** Parses GitHub-flavoured Markdown into its sections, in order. Throws when the parser itself gives up. */
export function parseMarkdown(name: string, source: string): MarkdownFile {
  const root = fromMarkdown(source, { extensions: [gfmTable()], mdastExtensions: [gfmTableFromMarkdown()] })
  return { name, source, sections: splitSections(name, root) }
}

function splitSections(name: string, root: Root): Section[] {
  const end = lastLineOf(root)
  let current: Section = { scope: `${name}:1`, text: '', depth: 0, line: 1, lastLine: end, blocks: [] }
  const sections = [current]
  for (const node of root.children) {
    if (node.type !== 'heading') {
      current.blocks.push(node)
      continue
    }
    const line = lineOf(node)
    let parent: Section | undefined = current
    while (parent !== undefined && parent.depth >= node.depth) {
      parent.lastLine = line - 1
      parent = parent.parent
    }
    const place = { scope: `${name}:${line}`, line, lastLine: end, depth: node.depth, text: plainText(node) }
    current = { ...place, heading: node, blocks: [], ...(parent !== undefined && { parent }) }
    sections.push(current)
  }
  return sections
}

export function lineOf(node: Nodes): number {
  return node.position?.start.line ?? 1
}

function lastLineOf(node: Nodes): number {
  return node.position?.end.line ?? Number.MAX_SAFE_INTEGER
}

/** The Markdown of a node as written. */
export function sourceOf(file: MarkdownFile, node: Nodes): string {
  return file.source.slice(node.position?.start.offset ?? 0, node.position?.end.offset ?? 0)
}

const LINE_BREAK_TAG = /^<br\s*\/?>$/i

/** The text of a node without its markup. `<br>` and hard breaks are newlines, wrapped lines are one. */
export function plainText(node: Nodes | readonly Nodes[]): string {
  return textOf('type' in node ? [node] : node).trim()
}

function textOf(nodes: readonly Nodes[]): string {
  let text = ''
  for (const node of nodes) {
    if (node.type === 'text') text += node.value.replace(/\r\n|\r|\n/g, ' ')
    else if (node.type === 'break') text += '\n'
    else if (node.type === 'html') text += LINE_BREAK_TAG.test(node.value) ? '\n' : withoutComment(node.value)
    else if (node.type === 'image') text += node.alt ?? ''
    // A checkbox `[x]` is taken for a link when the file happens to define a link of that name.
    else if (node.type === 'linkReference' && node.referenceType === 'shortcut') text += `[${textOf(node.children)}]`
    else if ('value' in node) text += node.value
    else if ('children' in node) text += textOf(node.children)
  }
  return text
}

function withoutComment(html: string): string {
  return html.startsWith('<!--') ? '' : html
}
