import { existsSync, realpathSync } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import { basename, dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BuildFailure, BuildOptions, Message, Plugin } from 'esbuild'
import { sources } from './sources.js'

/** A tool and all that it imports, as one script whose value is the program, with what leads back to the sources. */
export interface Bundle {
  readonly text: string
  /** Source map, JSON. */
  readonly map: string
  readonly warnings: readonly SourceProblem[]
}

/** Something in a source. Lines count from 1; without a place of its own, a problem is in the first. */
export interface SourceProblem {
  /** Relative to the directory of the tool. */
  readonly file: string
  readonly line: number
  readonly message: string
}

export type Bundling = Bundle | { readonly problems: readonly SourceProblem[] }

/** The code of this project, of which the guest imports a little. */
const OURS = realpathSync(fileURLToPath(new URL('../..', import.meta.url)))

const GUEST = 'ifab:guest'
const TOOL = 'ifab:tool'
/** The guest comes first: it makes the globals that the tool may use while it is evaluated. */
const ENTRY = `import { program } from '${GUEST}'\nimport * as tool from '${TOOL}'\nexport default program(tool)\n`

/**
 * Bundles TypeScript with esbuild. Paths are relative to the directory of the tool, so that where it lies is not in the
 * bundle; comments are left out.
 */
export async function bundle(path: string): Promise<Bundling> {
  const { build } = await import('esbuild')
  // Without links: what may be imported follows from where the tool really is.
  const tool = await realpath(resolve(path))
  try {
    const { outputFiles, warnings } = await build(options(tool))
    const [text, map] = ['.js', '.map'].map((end) => outputFiles.find((file) => file.path.endsWith(end))?.text ?? '')
    return { text: text ?? '', map: map ?? '', warnings: warnings.map((message) => problemOf(message, tool)) }
  } catch (error) {
    if (!isBuildFailure(error)) throw error
    return { problems: error.errors.map((message) => problemOf(message, tool)) }
  }
}

function options(tool: string): BuildOptions & { readonly write: false } {
  return {
    stdin: { contents: ENTRY, sourcefile: 'entry', resolveDir: dirname(tool), loader: 'js' },
    absWorkingDir: dirname(tool),
    outfile: `${basename(tool)}.js`,
    bundle: true,
    write: false,
    format: 'cjs',
    // Neither a browser nor Node.js: libraries are asked for what needs no host.
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: 'es2024',
    charset: 'utf8',
    banner: { js: '(()=>{const module={exports:{}};' },
    footer: { js: 'return module.exports.default})()' },
    minifyWhitespace: true,
    legalComments: 'none',
    sourcemap: 'external',
    sourcesContent: false,
    define: { 'process.env.NODE_ENV': '"production"' },
    // Whether there is a default export is looked at when the tool is evaluated.
    logOverride: { 'import-is-undefined': 'silent' },
    logLevel: 'silent',
    logLimit: 20,
    // What it says could come from files outside, and change what is built.
    tsconfigRaw: {},
    plugins: [entries(tool), refusals, sources(tool, OURS)],
  }
}

/** TypeScript where it is not compiled yet. */
function guestFile(): string {
  const compiled = fileURLToPath(new URL('./guest/program.js', import.meta.url))
  return existsSync(compiled) ? compiled : compiled.replace(/\.js$/, '.ts')
}

/** Resolves the two names of the entry. */
function entries(tool: string): Plugin {
  const guest = guestFile()
  return {
    name: 'entries',
    setup(build) {
      build.onResolve({ filter: /^ifab:/ }, ({ path }) => ({ path: path === GUEST ? guest : tool }))
    },
  }
}

/** Modules of Node.js: what is wrong with importing them is better said than found out at run time. */
const refusals: Plugin = {
  name: 'refusals',
  setup(build) {
    build.onResolve({ filter: /^[^./]/ }, async ({ path, ...from }) => {
      if (!isBuiltin(path) || from.pluginData === FOUND) return undefined
      const { errors, ...found } = await build.resolve(path, { ...from, pluginData: FOUND })
      if (errors.length === 0 && found.path !== '' && !found.external) return found
      const text = `It imports ${path}, a part of Node.js, and a module in the sandbox has none of it. Use what ifab gives, or a library without it.`
      return { errors: [{ text }] }
    })
  },
}
const FOUND = Symbol('found')

function problemOf({ location, text }: Message, tool: string): SourceProblem {
  const message = text.startsWith('Top-level await') ? TOP_LEVEL_AWAIT : text
  return { file: location?.file ?? basename(tool), line: location?.line ?? 1, message }
}
const TOP_LEVEL_AWAIT = 'It awaits outside of functions, which a tool cannot. Await in its function.'

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && 'errors' in error && Array.isArray(error.errors)
}
