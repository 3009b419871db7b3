import { existsSync } from 'node:fs'
import { readFile, realpath, stat } from 'node:fs/promises'
import { dirname, extname, join, relative, sep } from 'node:path'
import type { Loader, Plugin } from 'esbuild'
import { LIMITS } from '../../model/limits.js'

const LOADERS: Readonly<Record<string, Loader>> = {
  ...{ '.ts': 'ts', '.mts': 'ts', '.cts': 'ts', '.tsx': 'tsx' },
  ...{ '.js': 'js', '.mjs': 'js', '.cjs': 'js', '.jsx': 'jsx', '.json': 'json', '.txt': 'text' },
}
const AS_ASKED: Readonly<Record<string, Loader>> = { json: 'json', text: 'text', bytes: 'binary' }

/** What leads to a file with the places of another source. Files that nobody imports are not read. */
const SOURCE_MAP = /\/[/*][#@]\s*sourceMappingURL=[^\s*]*/g

/**
 * Reads what a tool imports, and no other file of the machine: those of its project, and of packages that are installed for it.
 * Whatever is imported goes into the module, so a package could take along what nobody meant to give away. `ours` is the
 * directory of the program around the tool.
 */
export function sources(tool: string, ours: string): Plugin {
  const allowed = allowedFor(dirname(tool), ours)
  return {
    name: 'sources',
    setup(build) {
      build.onLoad({ filter: /.*/, namespace: 'file' }, async ({ path, with: attributes }) => {
        const wrong = (text: string) => ({ errors: [{ text }] })
        const file = await realpath(path)
        const found = await stat(file)
        const place = allowed.find((directory) => file.startsWith(directory + sep))
        if (place === undefined || !found.isFile()) return wrong(`${path} ${OUTSIDE}`)
        if (isHidden(relative(place, file))) return wrong(`${path} ${HIDDEN}`)
        if (found.size > LIMITS.toolSourceBytes) return wrong(`${path} is larger than a tool may be.`)
        const loader = AS_ASKED[attributes.type ?? ''] ?? LOADERS[extname(file)]
        if (loader === undefined || (attributes.type !== undefined && AS_ASKED[attributes.type] === undefined)) {
          return wrong(`${path} ${UNKNOWN}`)
        }
        const contents = await readFile(file)
        if (loader === 'binary') return { contents, loader }
        const text = contents.toString('utf8')
        const isCode = loader !== 'json' && loader !== 'text'
        return { contents: isCode ? text.replace(SOURCE_MAP, (found) => ' '.repeat(found.length)) : text, loader }
      })
    },
  }
}

const OUTSIDE =
  'is no file of the project of the tool, nor of a package that is installed for it. Put it below the directory of package.json.'
const HIDDEN = 'is a hidden file, which may hold what nobody should read. Import another one.'
const UNKNOWN = 'is not code, JSON or text. Write with { type: "text" } or { type: "bytes" } after the import.'

/** Names of these begin with a dot, and belong to package managers. */
const STORES: ReadonlySet<string> = new Set(['.pnpm', '.store'])

function isHidden(path: string): boolean {
  return path.split(sep).some((part) => part.startsWith('.') && !STORES.has(part))
}

/** The project is where the nearest package.json lies. Packages are installed there, or further up. */
function allowedFor(directory: string, ours: string): string[] {
  const above: string[] = []
  for (let at = directory; ; at = dirname(at)) {
    above.push(at)
    if (dirname(at) === at) break
  }
  const project = above.find((at) => existsSync(join(at, 'package.json'))) ?? directory
  return [project, ...above.map((at) => join(at, 'node_modules')), ours]
}
