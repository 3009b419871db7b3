import { execFileSync } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The clients that this suite drives. Only here is said which versions. */
const CLAUDE_CODE = '2.1.332'
const CODEX = '0.171.0'

/** Both are programs of their own, in a package for each platform. */
const PLATFORM = `${process.platform}-${process.arch}`

/** Installs the clients below `directory` and returns the version and the program of each. */
export function installClients(directory) {
  writeFileSync(join(directory, 'package.json'), '{ "private": true }')
  const packages = [
    `@anthropic-ai/claude-code-${PLATFORM}@${CLAUDE_CODE}`,
    `codex@npm:@openai/codex@${CODEX}-${PLATFORM}`,
  ]
  // What an install script would do is choose the package of the platform, which was just done.
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error', '--ignore-scripts']
  execFileSync('npm', ['install', ...quiet, ...packages], { cwd: directory, stdio: ['ignore', 'ignore', 'inherit'] })
  const modules = join(directory, 'node_modules')
  // With one folder, named after the target of the compiler.
  const vendor = join(modules, 'codex', 'vendor')
  return {
    'claude-code': {
      version: CLAUDE_CODE,
      program: join(modules, '@anthropic-ai', `claude-code-${PLATFORM}`, 'claude'),
    },
    codex: { version: CODEX, program: join(vendor, readdirSync(vendor)[0], 'bin', 'codex') },
  }
}
