import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { fromMarkdown } from 'mdast-util-from-markdown'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createProgram } from '../../src/cli/program.js'
import { shellWords } from '../cli/shell-words.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const DOCUMENTS = [
  ...readdirSync(ROOT).filter((file) => file.endsWith('.md')),
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join('docs', file)),
]

type Node = ReturnType<typeof fromMarkdown>['children'][number]

function nodesOf(document: string): Node[] {
  const found: Node[] = []
  const visit = (nodes: readonly Node[]) => {
    for (const node of nodes) {
      found.push(node)
      if ('children' in node) visit(node.children as Node[])
    }
  }
  visit(fromMarkdown(readFileSync(join(ROOT, document), 'utf8')).children)
  return found
}

describe('links', () => {
  test.each(DOCUMENTS)('of %s lead somewhere', (document) => {
    const targets = nodesOf(document).flatMap((node) => (node.type === 'link' ? [node.url] : []))
    const local = targets.filter((url) => !/^[a-z]+:|^#/.test(url)).map((url) => url.replace(/#.*$/, ''))
    const broken = local.filter((url) => !existsSync(resolve(ROOT, dirname(document), url)))
    expect(broken).toEqual([])
  })
})

/** Lines of shell examples that call the program, without their comments. */
function commandLines(document: string): string[] {
  const blocks = nodesOf(document).flatMap((node) => (node.type === 'code' && node.lang === 'sh' ? [node.value] : []))
  const lines = blocks.flatMap((block) => block.split('\n')).map((line) => line.replace(/\s+# .*$/, ''))
  return lines.filter((line) => line.startsWith('ifab '))
}

describe('command lines', () => {
  test('are found', () => {
    expect(commandLines('README.md').length).toBeGreaterThan(5)
  })

  test.each(DOCUMENTS.flatMap((document) => commandLines(document).map((line) => [document, line])))(
    'of %s parse: %s',
    async (_, line) => {
      let reached = false
      const run = async () => {
        reached = true
      }
      await createProgram(run, () => undefined).parseAsync(shellWords(line).slice(1), { from: 'user' })
      expect(reached).toBe(true)
    },
  )
})

/** Examples are plain JavaScript apart from their name, so that they run as they stand. */
function examplesOf(document: string): string[] {
  return nodesOf(document).flatMap((node) => (node.type === 'code' && node.lang === 'ts' ? [node.value] : []))
}

describe('examples in TypeScript', () => {
  let directory = ''
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'infrafabric-docs-'))
  })
  afterAll(() => rmSync(directory, { recursive: true, force: true }))

  test.each([['docs/guide/testing.md', ['available', '']]])(
    'of %s run and print what they say',
    (document, outputs) => {
      const examples = examplesOf(document)
      expect(examples).toHaveLength(outputs.length)
      examples.forEach((example, position) => {
        const file = join(directory, `example-${position}.mjs`)
        const testing = pathToFileURL(join(ROOT, 'dist/testing/index.js')).href
        writeFileSync(file, example.replaceAll("'infrafabric/testing'", `'${testing}'`))
        expect(execFileSync(process.execPath, [file], { encoding: 'utf8' }).trim()).toBe(outputs[position])
      })
    },
  )
})
