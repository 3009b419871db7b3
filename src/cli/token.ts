import type { FabricClient } from '../client/client.js'
import type { OutputOf } from '../operations/table.js'
import { type Answer, answer } from './answer.js'
import { alignColumns, alignFields } from './columns.js'
import type { CliCommand } from './command.js'
import { id, role, ttl } from './option-values.js'
import { addPageOptions, type PageOptions, pageLines } from './page.js'
import { formatTime } from './text.js'

type IssuedToken = OutputOf<'token', 'issue'>
type TokenView = OutputOf<'token', 'list'>['items'][number]

/** Who may come in: tokens of swarms and of people, and who the caller is. */
export function addTokenCommands(program: CliCommand): void {
  const token = program
    .command('token')
    .description('issue, list, rotate and revoke the tokens by which callers come in')
  addIssue(token)
  const list = token
    .command('list')
    .description('list the tokens that are good; never the tokens themselves')
    .option('--name <name>', 'only those of this swarm or name', id)
    .example('ifab token list --name alice')
  addPageOptions(list).asks(async (fabric: FabricClient, { name, ...page }: PageOptions & { name?: string }) => {
    const tokens = await fabric.token.list({ name, ...page })
    return answer(tokens, pageLines(tokens, tokenLines, 'No tokens. Issue one: ifab token issue NAME'))
  })
  token
    .command('rotate')
    .description('exchange the token in IFAB_TOKEN for a new one; the old one stays good for a minute')
    .option('--ttl <time>', 'how long it is good, at most 30d (default: 24h)', ttl)
    .example('ifab token rotate')
    .asks(async (fabric, { ttl }: { ttl?: number }) => {
      const issued = await fabric.token.rotate({ ttlMs: ttl })
      return answer(issued, issuedLines(issued))
    })
  token
    .command('revoke')
    .description('end a token at once')
    .argument('<id>', 'id of the token, as `ifab token list` shows it')
    .option('--reason <text>', 'why')
    .example('ifab token revoke 5f3a9c0d27e14b86 --reason "the laptop is lost"')
    .asks(async (fabric, id: string, { reason }: { reason?: string }) => {
      const row = await fabric.token.revoke({ id, reason })
      return answer(row, `Token ${row.id} of ${row.name} is revoked.`)
    })
  program
    .command('whoami')
    .description('say who you are to the fabric, and until when')
    .example('ifab whoami')
    .asks(whoami)
}

interface IssueOptions {
  readonly role?: IssuedToken['role']
  readonly ttl?: number
}

function addIssue(token: CliCommand): void {
  token
    .command('issue')
    .description('issue a token to a swarm, or under any name to somebody with another role; it is shown once')
    .argument('<name>', 'id of the swarm, or a name', id)
    .option('--role <role>', 'viewer, swarm, orchestrator or admin (default: swarm)', role)
    .option('--ttl <time>', 'how long it is good, at most 30d (default: 24h)', ttl)
    .example('ifab token issue alice')
    .example('ifab token issue dashboard --role viewer --ttl 30d')
    .asks(async (fabric, name: string, { role, ttl }: IssueOptions) => {
      const issued = await fabric.token.issue({ name, role, ttlMs: ttl })
      return answer(issued, issuedLines(issued))
    })
}

/** The only time that anybody sees the token. */
export function issuedLines({ token, role, name, expiresAt }: IssuedToken): string[] {
  return [`Token of ${name} (${role}), shown once, good until ${formatTime(expiresAt)}:`, `  ${token}`]
}

function tokenLines(tokens: readonly TokenView[]): string[] {
  return alignColumns(
    ['ID', 'ROLE', 'NAME', 'GOOD UNTIL', 'ISSUED BY'],
    tokens.map(({ id, role, name, expiresAt, issuedBy }) => [id, role, name, formatTime(expiresAt), issuedBy]),
  )
}

async function whoami(fabric: FabricClient): Promise<Answer> {
  const principal = await fabric.token.whoami()
  const { actor, role, token, expiresAt } = principal
  const until = expiresAt === undefined ? undefined : formatTime(expiresAt)
  return answer(
    principal,
    alignFields([
      ['You are', actor],
      ['Role', role],
      ['Token', token ?? 'the admin token of the data directory'],
      ['Good until', until],
    ]),
  )
}
