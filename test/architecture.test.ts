import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const SOURCE = fileURLToPath(new URL('../src', import.meta.url))

/** Imports point down this list, as ARCHITECTURE.md says. `testing` may import all; nothing imports it. */
const LAYERS = [
  'cli',
  'server',
  'bridge',
  'client',
  'web',
  'operations',
  'channels',
  'runner',
  'fabric',
  'coordinator',
  'governor',
  'chassis',
  'user-file',
  'witness',
  'board',
  'journal',
  'model',
] as const

interface Import {
  readonly from: string
  readonly to: string
  readonly file: string
}

const IMPORT = /^(?:import|export)\b[^'"]*\bfrom '(\.[^']+)'|\bimport\('(\.[^']+)'\)/gm

function relativeImports(): Import[] {
  const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  return files.flatMap((file) => {
    const text = readFileSync(join(SOURCE, file), 'utf8')
    return [...text.matchAll(IMPORT)].map((match) => {
      const target = relative(SOURCE, join(SOURCE, file, '..', match[1] ?? match[2] ?? ''))
      return { from: folderOf(file), to: folderOf(target), file }
    })
  })
}

function folderOf(file: string): string {
  return file.includes('/') ? (file.split('/')[0] ?? '') : ''
}

/** Whether code in one folder may import from another. Files beside the folders are the package's faces. */
function allowed(from: string, to: string): boolean {
  if (from === to || from === '' || from === 'testing') return true
  const rank = (folder: string) => (LAYERS as readonly string[]).indexOf(folder)
  return rank(from) >= 0 && rank(to) > rank(from)
}

describe('imports', () => {
  const imports = relativeImports()

  test('are found', () => {
    expect(imports.length).toBeGreaterThan(100)
  })

  test('point down the list of layers', () => {
    const upward = imports.filter(({ from, to }) => !allowed(from, to))
    expect(upward.map(({ file, to }) => `${file} imports ${to}`)).toEqual([])
  })

  test('the rule itself refuses what it must', () => {
    expect(allowed('coordinator', 'fabric')).toBe(false)
    expect(allowed('model', 'journal')).toBe(false)
    expect(allowed('fabric', 'testing')).toBe(false)
    expect(allowed('unlisted', 'model')).toBe(false)
    expect(allowed('fabric', 'coordinator')).toBe(true)
  })
})

describe('the pure core', () => {
  test('reads no clock, no randomness, no file, no network and no environment', () => {
    const impure = /Date\.now|new Date\(\)|Math\.random|randomUUID|setTimeout|setInterval|from 'node:|process\./
    const folders = ['coordinator', 'governor', 'model', 'board']
    const files = folders.flatMap((folder) =>
      readdirSync(join(SOURCE, folder), { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.ts'))
        .map((file) => join(SOURCE, folder, file)),
    )
    expect(files.length).toBeGreaterThan(30)
    expect(files.filter((file) => impure.test(readFileSync(file, 'utf8')))).toEqual([])
  })
})
