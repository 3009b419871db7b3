import { refuseFile } from '../client/discover.js'
import { FabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import { formatTimestamp } from '../model/time.js'
import type { Verifier } from '../witness/note/verifier.js'
import { answer } from './answer.js'
import { boundedWriter } from './bounded-writer.js'
import type { Call, CliCommand } from './command.js'
import { repeated } from './option-values.js'
import { readTrustPolicy } from './trust-policy-file.js'

interface ServeOptions {
  readonly listen?: string
  readonly name?: string
  readonly log?: readonly string[]
  readonly policy?: readonly string[]
}

/** Being a witness to other logs. What it needs is loaded when it runs. */
export function addWitnessServe(group: CliCommand): void {
  group
    .command('serve')
    .description('cosign the checkpoints of other logs, each only when it extends the last one')
    .option('--listen <host:port>', 'where to listen; port 0 takes a free one (default: 127.0.0.1:7421)')
    .option('--name <name>', 'name of the key of a new witness, such as witness.example/w1')
    .option('--log <vkey>', 'verifier key of a log to watch, named as its origin; once for each key', repeated)
    .option('--policy <file>', 'trust policy (C2SP tlog-policy) whose logs to watch; once for each file', repeated)
    .example('ifab witness serve --name witness.example/w1 --policy logs.policy')
    .does(serve)
}

async function serve({ terminal, data, show }: Call, options: ServeOptions): Promise<undefined> {
  const interruption = terminal.interruption()
  const logs = await readLogs(options)
  await refuseFile(data)
  const [{ openCosigner }, { startCosignerServer }] = await Promise.all([
    import('../witness/cosign/open.js'),
    import('../server/cosigner-server.js'),
  ])
  const { listen, name } = options
  const write = boundedWriter(terminal.err, LIMITS.serverLogBytes)
  const opened = await openCosigner({ data, logs, ...(name !== undefined && { name }) })
  try {
    const server = await startCosignerServer({
      cosigner: opened.cosigner,
      onFault: ({ reference, route, error }) =>
        write(`${formatTimestamp(Date.now())} fault ${reference} in ${route}: ${faultText(error)}\n`),
      ...(listen !== undefined && { listen }),
    })
    try {
      await opened.annotate(server.url)
      show(started(server.url, opened.name, opened.cosigner.vkey, logs))
      await new Promise<void>((resolve) => {
        if (interruption.aborted) resolve()
        interruption.addEventListener('abort', () => resolve(), { once: true })
      })
    } finally {
      await server.close()
    }
  } finally {
    await opened.close()
  }
}

function started(url: string, name: string, vkey: string, logs: readonly Verifier[]) {
  const origins = [...new Set(logs.map((log) => log.name))]
  return answer({ url, name, vkey, pid: process.pid, logs: origins }, [
    `The witness ${name} runs at ${url} (process ${process.pid}) and watches ${origins.join(', ')}.`,
    `Its verifier key: ${vkey}`,
    'Next: put the verifier key and the address into the trust policy of each log.',
  ])
}

/** The keys of all logs. */
async function readLogs({ log: vkeys = [], policy: paths = [] }: ServeOptions): Promise<Verifier[]> {
  const { parseVkey } = await import('../witness/note/verifier.js')
  const logs = vkeys.map(parseVkey)
  for (const path of paths) logs.push(...(await readTrustPolicy(path)).logs.map(({ verifier }) => verifier))
  if (logs.length > 0) return logs
  const message = 'A witness watches at least one log. Name its key with --log VKEY, or a --policy file with log lines.'
  throw new FabricError('INVALID_ARGUMENT', message, { field: 'log' })
}

function faultText(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
