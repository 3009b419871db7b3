import type { FabricClient } from '../client/client.js'
import { FabricError } from '../model/errors.js'
import type { InputOf, OutputOf } from '../operations/table.js'
import { answer } from './answer.js'
import { alignColumns } from './columns.js'
import type { CliCommand } from './command.js'
import { credentialTtl, id, list, place, type WrittenPlace } from './option-values.js'
import { addPageOptions, type PageOptions, pageLines } from './page.js'
import { formatTime } from './text.js'

type CredentialView = OutputOf<'credential', 'issue'>
type WrittenEndpoint = InputOf<'credential', 'issue'>['endpoints'][number]

const TTL_HELP = 'how long it is good, at most 1h (default: 5m)'

/** Rights of claims to send requests, for the modules that do their tasks. */
export function addCredentialCommands(chassis: CliCommand): void {
  const credentials = chassis
    .command('credentials')
    .description('give claims short-lived rights to send requests, and take them back')
  addIssue(credentials)
  const lists = credentials
    .command('list')
    .description('list the credentials that are good')
    .option('--swarm <swarm>', 'only those of this swarm', id)
    .option('--task <task>', 'only those for this task', id)
    .example('ifab chassis credentials list --task tokens')
  addPageOptions(lists).asks(async (fabric: FabricClient, { swarm, task, ...page }: ListOptions) => {
    const rows = await fabric.credential.list({ swarm, task, ...page })
    const none = 'No credentials. Issue one: ifab chassis credentials issue TASK --to URL'
    return answer(rows, pageLines(rows, credentialLines, none))
  })
  credentials
    .command('revoke')
    .description('end a credential, and what it was rotated from and to, at once')
    .argument('<id>', 'id of the credential', id)
    .option('--reason <text>', 'why')
    .example('ifab chassis credentials revoke credential-17 --reason "it sends too much"')
    .asks(async (fabric, credential: string, { reason }: { reason?: string }) => {
      const row = await fabric.credential.revoke({ id: credential, reason })
      return answer(row, `${row.id} of ${row.swarm} for ${row.task} is revoked.`)
    })
  credentials
    .command('rotate')
    .description('put a new credential in the place of one; the old one stays good for half a minute')
    .argument('<id>', 'id of the credential', id)
    .option('--ttl <time>', TTL_HELP, credentialTtl)
    .example('ifab chassis credentials rotate credential-17')
    .asks(async (fabric, credential: string, { ttl }: { ttl?: number }) => {
      const row = await fabric.credential.rotate({ id: credential, ttlMs: ttl })
      return answer(row, issuedLines(row))
    })
}

interface ListOptions extends PageOptions {
  readonly swarm?: string
  readonly task?: string
}

interface IssueOptions extends InjectionOptions {
  readonly to: readonly WrittenPlace[]
  readonly method?: readonly string[]
  readonly ttl?: number
}

interface InjectionOptions {
  readonly secret?: string
  readonly header?: string
  readonly prefix?: string
}

function addIssue(credentials: CliCommand): void {
  credentials
    .command('issue')
    .description('let the holder of a task send requests to some places, until its time or its claim ends')
    .argument('<task>', 'task that is claimed', id)
    .requiredOption('--to <url>', 'where requests may go: host, port and what the path begins with; repeatable', place)
    .option('--method <methods>', 'methods that requests may have (default: GET)', list)
    .option('--secret <name>', 'name of a secret in the vault, which the fabric puts into each request')
    .option('--header <name>', 'header that carries the secret (default: authorization)')
    .option('--prefix <text>', 'what stands before the secret (default: "Bearer " in authorization, else nothing)')
    .option('--ttl <time>', TTL_HELP, credentialTtl)
    .example('ifab chassis credentials issue tokens --to https://api.example.com/v1/ --method GET,POST')
    .example('ifab chassis credentials issue tokens --to https://api.example.com/ --secret example-token --ttl 1m')
    .asks(async (fabric, task: string, options: IssueOptions) => {
      const issued = await fabric.credential.issue({
        ...(await holderOf(fabric, task)),
        endpoints: endpointsOf(options),
        ttlMs: options.ttl,
      })
      return answer(issued, issuedLines(issued))
    })
}

/** Who has the task now. Should it change hands meanwhile, the fabric refuses the epoch. */
async function holderOf(fabric: FabricClient, task: string) {
  const { claim } = (await fabric.task.show({ task })).task
  if (claim !== undefined) return { task, swarm: claim.swarm, epoch: claim.epoch }
  const message = `Nobody has claimed ${task}, and a credential is for a claim. Wait until a swarm has claimed it.`
  throw new FabricError('CONFLICT', message, { task })
}

function endpointsOf({ to, method, ...options }: IssueOptions): WrittenEndpoint[] {
  const inject = injectionOf(options)
  const methods = method?.map((name) => name.toUpperCase()) as WrittenEndpoint['methods']
  return to.map(({ path, ...host }) => ({
    ...host,
    paths: [path],
    ...(methods !== undefined && { methods }),
    ...(inject !== undefined && { inject }),
  }))
}

function injectionOf({ secret, header, prefix }: InjectionOptions): WrittenEndpoint['inject'] {
  if (secret === undefined) {
    if (header === undefined && prefix === undefined) return undefined
    const message = '--header and --prefix are about a secret: name it with --secret.'
    throw new FabricError('INVALID_ARGUMENT', message, { field: 'secret' })
  }
  const name = header?.toLowerCase() ?? 'authorization'
  const before = prefix ?? (name === 'authorization' ? 'Bearer ' : '')
  return { name: secret, header: name, ...(before !== '' && { prefix: before }) }
}

function issuedLines({ id: credential, swarm, task, endpoints, expiresAt, replaces }: CredentialView): string[] {
  const place = replaces === undefined ? '' : `, in place of ${replaces}`
  return [
    `${credential} lets ${swarm} send requests for ${task} until ${formatTime(expiresAt)}${place}:`,
    ...endpoints.map((endpoint) => `  ${endpointText(endpoint)}`),
  ]
}

function endpointText({ methods, inject, ...host }: CredentialView['endpoints'][number]): string {
  const secret = inject === undefined ? '' : `, with the secret ${inject.name} in ${inject.header}`
  return `${methods.join(', ')} ${placesText(host)}${secret}`
}

function placesText({ scheme, host, port, paths }: Omit<CredentialView['endpoints'][number], 'methods'>): string {
  const own = port === (scheme === 'https' ? 443 : 80) ? '' : `:${port}`
  return paths.map((path) => `${scheme}://${host}${own}${path}`).join(' ')
}

function credentialLines(rows: readonly CredentialView[]): string[] {
  return alignColumns(
    ['ID', 'SWARM', 'TASK', 'EPOCH', 'GOOD UNTIL', 'ISSUED BY', 'TO'],
    rows.map(({ endpoints, ...row }) => [
      row.id,
      row.swarm,
      row.task,
      String(row.epoch),
      formatTime(row.expiresAt),
      row.issuedBy,
      endpoints.map(placesText).join(' '),
    ]),
  )
}
