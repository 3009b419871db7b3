/** An object of a JSON text with the places of its members, so that one can be changed and the rest left as it is. */
export interface JsonNode {
  /** Offset of its first character, and the one after its last. */
  readonly start: number
  readonly end: number
  /** Of an object only. */
  readonly members?: readonly JsonMember[]
}

export interface JsonMember {
  readonly key: string
  /** Offset of the quote before its key. */
  readonly start: number
  readonly value: JsonNode
}

/** What is wrong with a JSON text, and at which offset. */
export class JsonFault extends Error {
  constructor(
    message: string,
    readonly offset: number,
  ) {
    super(message)
  }
}

const SPACE = /[ \t\r\n]*/y
const STRING = /"(?:[^"\\\p{Cc}]|[\u007f-\u009f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy
const SCALAR = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.+-])/y
const DEEPEST = 100

/** Reads a JSON text (RFC 8259; a byte order mark before it is let pass). Throws a JsonFault. */
export function parseJsonTree(text: string): JsonNode {
  const reader = new TreeReader(text)
  reader.skip(/\ufeff?/y)
  const root = reader.value(0)
  reader.skip(SPACE)
  if (reader.at < text.length) throw reader.fault('expected the end of the file')
  return root
}

class TreeReader {
  at = 0

  constructor(readonly text: string) {}

  /** Reads what `pattern` matches here, or undefined. */
  skip(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)?.[0]
    if (found !== undefined) this.at += found.length
    return found
  }

  fault(problem: string): JsonFault {
    return new JsonFault(problem, this.at)
  }

  value(depth: number): JsonNode {
    this.skip(SPACE)
    const start = this.at
    const first = this.text[start]
    if (depth > DEEPEST) throw this.fault(`is nested deeper than ${DEEPEST} levels`)
    if (first === '{') {
      const members = this.#items('}', () => this.#member(depth))
      return { start, end: this.at, members }
    }
    if (first === '[') this.#items(']', () => this.value(depth + 1))
    else if (this.skip(STRING) === undefined && this.skip(SCALAR) === undefined) throw this.fault('expected a value')
    return { start, end: this.at }
  }

  #member(depth: number): JsonMember {
    this.skip(SPACE)
    const start = this.at
    const key = this.skip(STRING)
    if (key === undefined) throw this.fault('expected a name in double quotes')
    this.skip(SPACE)
    if (this.skip(/:/y) === undefined) throw this.fault('expected ":"')
    return { key: JSON.parse(key) as string, start, value: this.value(depth + 1) }
  }

  #items<Item>(close: '}' | ']', read: () => Item): Item[] {
    const items: Item[] = []
    this.at += 1
    this.skip(SPACE)
    if (this.text[this.at] !== close) {
      do {
        items.push(read())
        this.skip(SPACE)
      } while (this.skip(/,/y) !== undefined)
    }
    if (this.text[this.at] !== close) throw this.fault(`expected "," or "${close}"`)
    this.at += 1
    return items
  }
}
