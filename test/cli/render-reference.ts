import type { CliCommand } from '../../src/cli/command.js'
import { ERRORS } from '../../src/model/errors.js'

/** `docs/reference/cli.md`, from the commands themselves. */
export function renderCliReference(program: CliCommand): string {
  const leaves = leavesOf(program)
  const sections = leaves.map(renderCommand).join('\n\n')
  return `# Command line

<!-- Generated from the commands by \`npm run generate\`. Do not edit. -->

${INTRODUCTION}

## Options of every command

${renderTable(
  ['option', ''],
  program.options.map(({ flags, description }) => [`\`${flags}\``, description]),
)}

## Environment

${renderTable(['variable', ''], ENVIRONMENT)}

## Exit codes

${renderTable(['code', 'meaning'], [...exitCodes(), ...VERDICT_EXITS])}

## Commands

${renderTable(
  ['command', ''],
  leaves.map((command) => [`[\`${command.path}\`](#${anchorOf(command)})`, command.description()]),
)}

${sections}
`
}

const INTRODUCTION = `\`ifab\` (also installed as \`infrafabric\`) talks to a running fabric over HTTP; only \`up\`, \`down\`, \`doctor\`, \`migrate\`, \`backup\` and \`restore\` touch the data
directory themselves.

- **Answers** go to stdout: short lines for people or, with \`--json\`, exactly one JSON document with what the operation
  answers (see [the HTTP reference](http.md)). Control characters in what agents wrote are shown escaped on a screen.
- **Errors** go to stderr: one line \`CODE: what happened and what to do next\` or, with \`--json\`, one JSON document
  \`{"code", "message", "retryable", "details"}\`; stdout then stays empty. The codes are in
  [the error reference](errors.md). Problems of board files come before that line, one line each, as \`file:line: ...\`.
- **Lists** come in pages: \`--limit\` bounds a page, \`--cursor\` takes what the page before printed (\`nextCursor\` in JSON).
- **Durations** are written \`500ms\`, \`50s\`, \`10m\` or \`2h\`; estimates \`30m\`, \`2h\`, \`1h 30m\` or \`1d\` (eight hours).`

/** What `ifab witness verify` found; nothing else ends with these. */
const VERDICT_EXITS: string[][] = [
  ['10', '`witness verify`: integrity failed'],
  ['11', '`witness verify`: signature failed'],
  ['12', '`witness verify`: freshness failed'],
  ['13', '`witness verify`: completeness failed'],
  ['14', '`witness verify`: nothing failed, but something could not be checked'],
]

const ENVIRONMENT: string[][] = [
  ['`IFAB_DATA`', 'data directory, default `.infrafabric` in the current directory'],
  ['`IFAB_URL`', 'address of the fabric, default what `endpoint.json` in the data directory says'],
  [
    '`IFAB_TOKEN`',
    'token, default the content of `admin.token` in the data directory, which is sent to this machine only',
  ],
  ['`TRACEPARENT`', 'W3C trace context, kept in every entry that the command leads to; a malformed one is ignored'],
  ['`XDG_STATE_HOME`', 'where `ifab witness verify` remembers logs, default `~/.local/state`'],
  ['`IFAB_DEBUG`', 'set to anything, errors also show where in the program they came from'],
]

function exitCodes(): string[][] {
  const codes = new Map<number, string[]>([[0, ['success']]])
  for (const [code, { exit }] of Object.entries(ERRORS)) {
    codes.set(exit, [...(codes.get(exit) ?? []), `\`${code}\``])
  }
  const rows = [...codes].sort(([a], [b]) => a - b)
  return rows.map(([exit, names]) => [String(exit), names.join(', ')])
}

/** Without those that only shells call. */
function leavesOf(command: CliCommand): CliCommand[] {
  const visible = command.createHelp().visibleCommands(command)
  const below = (command.commands as readonly CliCommand[]).filter((child) => visible.includes(child))
  return below.length === 0 ? [command] : below.flatMap(leavesOf)
}

function renderCommand(command: CliCommand): string {
  const args = command.registeredArguments.map((argument) => [
    `\`<${argument.name()}${argument.variadic ? '...' : ''}>\``,
    argument.description,
  ])
  const options = command.options.map(({ flags, description, mandatory, defaultValue }) => {
    const usual = typeof defaultValue === 'string' ? ` (default: ${defaultValue})` : ''
    return [`\`${flags}\``, `${description}${usual}${mandatory ? '; required' : ''}`]
  })
  const rows = [...args, ...options]
  return [
    `### ${command.path}`,
    `${sentence(command.description())}`,
    ...(rows.length === 0 ? [] : [renderTable(['argument or option', ''], rows)]),
    `\`\`\`sh\n${command.examples.join('\n')}\n\`\`\``,
  ].join('\n\n')
}

function renderTable(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(titles), line(titles.map(() => '---')), ...rows.map(line)].join('\n')
}

function anchorOf(command: CliCommand): string {
  return command.path.replaceAll(' ', '-')
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}
