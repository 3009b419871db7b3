import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from 'yaml'
import { firstTooDeepLine } from '../board/yaml-depth.js'
import { FabricError } from '../model/errors.js'
import { type FileProblem, fileProblem, keyName, type Path, refuseFile } from './file-problem.js'

/** A YAML file as plain values, with the lines they stand on. */
export interface YamlTree {
  /**
   * Maps, lists, texts and booleans. A whole number in decimal digits that is exact is a number; every other number is the
   * text that stands in the file, because `0.1` read as a number is not what was written.
   */
  readonly value: unknown
  /** Line, from 1, of what a path leads to, or of the nearest thing around it. */
  readonly lineOf: (path: Path) => number
  readonly problems: readonly FileProblem[]
}

/**
 * Reads one YAML (or JSON) document; an empty one is an empty map. Aliases, tags and keys given twice are problems. Throws
 * INVALID_ARGUMENT for what is no YAML, has more than `maxBytes`, or is nested too deeply.
 */
export function readYamlTree(file: string, source: string, maxBytes: number): YamlTree {
  requireSize(file, source, maxBytes)
  const deepLine = firstTooDeepLine(source)
  if (deepLine !== undefined) {
    throw new FabricError('INVALID_ARGUMENT', `${file}:${deepLine}: This is nested too deeply. Take a level out.`, {
      file,
      line: deepLine,
    })
  }
  const lines = new LineCounter()
  // Comparing each key with each other would take seconds: keys given twice are found here, not there.
  const options = { lineCounter: lines, prettyErrors: false, schema: 'core', uniqueKeys: false } as const
  const document = parseDocument(source, options)
  const reader = new TreeReader(file, lines)
  // Of tags, the reader knows the field.
  const warnings = document.warnings.filter(({ code }) => code !== 'TAG_RESOLVE_FAILED')
  for (const { code, message, pos } of [...document.errors, ...warnings]) {
    reader.fail([], lines.linePos(pos[0]).line, yamlMessage(code, message))
  }
  if (document.errors.length > 0) throw refuseFile(file, reader.problems)
  const value = document.contents === null ? {} : reader.read(document.contents, [])
  return { value, lineOf: (path) => reader.lineOf(path), problems: reader.problems }
}

function requireSize(file: string, source: string, maxBytes: number): void {
  // A text has at least as many bytes as UTF-16 units: what is far too long is not encoded first.
  if (source.length <= maxBytes && new TextEncoder().encode(source).length <= maxBytes) return
  throw new FabricError('INVALID_ARGUMENT', `${file} is too large: it may have ${maxBytes} bytes. Shorten it.`, {
    file,
    maxBytes,
  })
}

function yamlMessage(code: string, message: string): string {
  if (code === 'MULTIPLE_DOCS') return 'A second document begins here. Keep one, without a line of ---.'
  const text = message.split('\n')[0]?.replace(/\.$/, '') ?? code
  return `The YAML is broken: ${text}. Put names and texts with special characters, such as '*', in quotes.`
}

class TreeReader {
  readonly problems: FileProblem[] = []
  readonly #file: string
  readonly #counter: LineCounter
  readonly #lines = new Map<string, number>()

  constructor(file: string, counter: LineCounter) {
    this.#file = file
    this.#counter = counter
  }

  lineOf(path: Path): number {
    for (let length = path.length; length > 0; length--) {
      const line = this.#lines.get(JSON.stringify(path.slice(0, length)))
      if (line !== undefined) return line
    }
    return 1
  }

  fail(path: Path, line: number, problem: string): void {
    this.problems.push(fileProblem({ file: this.#file, line: Math.max(1, line), severity: 'error' }, path, problem))
  }

  read(node: Node | null, path: Path): unknown {
    if (isTagged(node)) {
      this.fail(path, this.lineOf(path), 'has a tag (!name), which is not read here. Write a plain value.')
      return undefined
    }
    if (isMap(node)) return this.#readMap(node, path)
    if (isSeq(node)) return node.items.map((item, index) => this.#readItem(item as Node | null, [...path, index]))
    if (isAlias(node)) {
      this.fail(path, this.lineOf(path), 'is an alias (*name), which is not read here. Write the value itself.')
      return undefined
    }
    return isScalar(node) ? plain(node.value, node.source) : null
  }

  #readItem(node: Node | null, path: Path): unknown {
    this.#remember(path, node)
    return this.read(node, path)
  }

  #readMap(map: YAMLMap, path: Path): object {
    const entries = new Map<string, unknown>()
    for (const { key: node, value } of map.items) {
      const line = this.#lineAt(node)
      if (!isScalar(node) || node.value === null || isTagged(node)) {
        this.fail(path, line, 'has a key that is no text. Write a name, in quotes where it has special characters.')
        continue
      }
      const key = typeof node.value === 'string' ? node.value : (node.source ?? String(node.value))
      if (key === '<<')
        this.fail(path, line, 'has a merge key (<<), which is not read here. Write the keys themselves.')
      else if (key === '__proto__') this.fail([...path, key], line, 'is no key that is known here. Remove it.')
      else if (entries.has(key)) this.fail([...path, key], line, `is given twice. Keep one ${keyName(key)}.`)
      else {
        this.#lines.set(JSON.stringify([...path, key]), line)
        entries.set(key, this.read(value as Node | null, [...path, key]))
      }
    }
    return Object.fromEntries(entries)
  }

  #remember(path: Path, node: unknown): void {
    this.#lines.set(JSON.stringify(path), this.#lineAt(node))
  }

  #lineAt(node: unknown): number {
    const range = isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range : undefined
    return Math.max(1, range ? this.#counter.linePos(range[0]).line : 1)
  }
}

/** A tag could make anything of a value: a date, bytes, a set. */
function isTagged(node: Node | null): boolean {
  return (isMap(node) || isSeq(node) || isScalar(node)) && node.tag !== undefined
}

function plain(value: unknown, source: string | undefined): unknown {
  if (typeof value !== 'number') return value
  const isExact = Number.isSafeInteger(value) && /^[+-]?\d+$/.test(source ?? '')
  // Adding 0 makes a zero of minus zero.
  return isExact ? value + 0 : (source ?? String(value))
}
