import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { hostFabric } from '../../src/cli/host.js'
import { readConfig } from '../../src/governor/policy/config.js'
import { ifab, temporaryDirectory } from './console.js'
import { shellWords } from './shell-words.js'

interface Step {
  readonly line: string
  readonly shown: string
}

/** Commands of the guide's console blocks, each with what the guide says it prints. */
function stepsOf(guide: string): Step[] {
  const blocks = [...guide.matchAll(/^```console\n(.*?)^```$/gms)].map(([, block]) => block ?? '')
  return blocks.flatMap((block) =>
    block.split(/^\$ /m).flatMap((step) => {
      const [line = '', ...shown] = step.trimEnd().split('\n')
      return line === '' ? [] : [{ line, shown: shown.join('\n') }]
    }),
  )
}

/** What differs from run to run: tokens, times, keys and what is hashed from them. */
function withoutChance(text: string): string {
  return text
    .replace(/\bifab_[0-9a-f]{16}_[\w-]{43}/g, 'TOKEN')
    .replace(/\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d{3})?Z/g, 'TIME')
    .replace(/\b[\w.-]+\+[0-9a-f]{8}(\+[A-Za-z0-9+/]+=*)?/g, 'KEY')
    .replace(/(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{43}=/g, 'ROOT')
    .replace(/\bday:\d{4}-\d\d-\d\d/g, 'day:DATE')
    .trimEnd()
}

const GUIDES = ['getting-started', 'budgets', 'breakers', 'escalations', 'credentials']

/** The configuration that a guide shows is in force while its commands run. */
test.each(GUIDES)('the commands of the guide %s do what it says', async (name) => {
  const path = fileURLToPath(new URL(`../../docs/guide/${name}.md`, import.meta.url))
  const guide = await readFile(path, 'utf8')
  const settings = /^```yaml\n(.*?)^```$/ms.exec(guide)?.[1]
  const board = /^```markdown\n(.*?)^```$/ms.exec(guide)?.[1] ?? ''
  const directory = await temporaryDirectory()
  const previous = process.cwd()
  const hosted = await hostFabric({
    data: join(directory, '.infrafabric'),
    listen: '127.0.0.1:0',
    onFault: () => undefined,
    ...(settings !== undefined && { config: readConfig('infrafabric.yaml', settings) }),
  })
  process.chdir(directory)
  try {
    await writeFile('BOARD.md', board)
    // Starting and stopping a process of its own is what the tests of the compiled program do.
    const steps = stepsOf(guide).filter(({ line }) => !/^ifab (up|down)\b/.test(line))
    expect(steps.length).toBeGreaterThan(10)
    for (const { line, shown } of steps) {
      const { out, err } = await ifab({}, ...shellWords(line).slice(1))
      expect(`${line}\n${withoutChance(out + err)}`).toBe(`${line}\n${withoutChance(shown)}`)
    }
  } finally {
    process.chdir(previous)
    await hosted.close()
    await rm(directory, { recursive: true })
  }
})
