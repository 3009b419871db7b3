import { SourceMap } from 'node:module'
import { basename, dirname, join } from 'node:path'
import type { FabricError } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'
import { fileProblem, refuseFile } from '../../user-file/file-problem.js'
import { MODULE_CAPS } from '../wasm/caps.js'
import { assemble } from './assemble.js'
import { type Bundle, bundle, type SourceProblem } from './bundle.js'
import { Engine } from './engine.js'
import { BUNDLE_NAME, evaluate, type Thrown } from './evaluate.js'

export interface BuiltTool {
  /** The module, of profile `typescript`. The same sources give the same bytes. */
  readonly bytes: Uint8Array
  readonly warnings: readonly string[]
}

/**
 * Makes a module of a tool in TypeScript: bundles it, evaluates it once, and keeps the memory of the engine. Throws
 * INVALID_ARGUMENT with `details.problems` for what is wrong with the sources.
 */
export async function buildTool(path: string): Promise<BuiltTool> {
  const from = dirname(path)
  const refuse = (message: string) => refuseTool(from, [{ file: basename(path), line: 1, message }])
  const bundled = await bundle(path)
  if ('problems' in bundled) throw refuseTool(from, bundled.problems)
  requireFit('The tool with all that it imports', Buffer.byteLength(bundled.text), LIMITS.toolBundleBytes, refuse)
  const engine = await Engine.read()
  const evaluated = evaluate(engine, bundled.text)
  switch (evaluated.end) {
    case 'thrown':
      throw refuseTool(from, [positionOf(evaluated.thrown, bundled, path)])
    case 'endless':
      throw refuse('It does not come to an end while it is loaded. Do at the top level only what each call needs.')
    case 'no_program':
      throw refuse('It has no default export that is a function. Write `export default (input, ifab) => ...`.')
    case 'baked': {
      const bytes = assemble(engine, evaluated.baked)
      requireFit('The module', bytes.length, MODULE_CAPS.bytes, refuse)
      return { bytes, warnings: [...bundled.warnings.map((warning) => textOf(from, warning)), ...standing(evaluated)] }
    }
  }
}

function requireFit(subject: string, found: number, limit: number, refuse: (message: string) => FabricError): void {
  if (found <= limit) return
  throw refuse(`${subject} has ${found} bytes, and ${limit} are allowed. Import less, and keep less at the top level.`)
}

function standing({
  readsClock,
  readsRandom,
}: {
  readonly readsClock: boolean
  readonly readsRandom: boolean
}): string[] {
  const what = [...(readsClock ? ['the clock'] : []), ...(readsRandom ? ['randomness'] : [])]
  if (what.length === 0) return []
  const text = 'what it keeps of them is the same in every call: the time is 1970, and the sequence is fixed.'
  return [`The tool reads ${what.join(' and ')} while it is loaded; ${text}`]
}

/** Files as the user would name them, from where the tool was named. */
function refuseTool(from: string, problems: readonly SourceProblem[]): FabricError {
  const [first] = problems
  const found = problems.map(({ file, line, message }) => {
    return fileProblem({ file: join(from, file), line, severity: 'error' }, [], sentence(message))
  })
  return refuseFile(join(from, first?.file ?? ''), found)
}

function textOf(from: string, { file, line, message }: SourceProblem): string {
  return `${join(from, file)}:${line}: ${message}`
}

/** As messages of this project begin and end. */
function sentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1)
  return /[.?!]$/.test(begun) ? begun : `${begun}.`
}

/** Where in the sources something was thrown: the first place of the stack that is in one of them. */
function positionOf({ name, message, stack }: Thrown, { map }: Bundle, path: string): SourceProblem {
  const what = [name, message].filter((part) => part !== '').join(': ')
  const problem = { message: `While the tool was loaded, it threw ${what}` }
  const sources = new SourceMap(JSON.parse(map))
  for (const [, line, column] of stack.matchAll(POSITION)) {
    const entry = sources.findEntry(Number(line) - 1, Number(column) - 1)
    if ('originalSource' in entry && !/^ifab:|^entry$/.test(entry.originalSource)) {
      return { ...problem, file: entry.originalSource, line: entry.originalLine + 1 }
    }
  }
  return { ...problem, file: basename(path), line: 1 }
}

const POSITION = new RegExp(`\\b${BUNDLE_NAME.replace('.', '\\.')}:(\\d+):(\\d+)`, 'g')
