import { FabricError } from '../model/errors.js'
import type { MovedLog, SignedHead } from '../witness/transfer/move.js'
import { type Answer, answer } from './answer.js'
import { addDriverOptions, type DriverFlags, driverOptions } from './cluster.js'
import type { Call, CliCommand } from './command.js'
import type { LogPlace, OpenedSource, PlaceOptions } from './log-place.js'
import { counted } from './text.js'

interface MigrateOptions extends DriverFlags {
  readonly from: string
  readonly to: string
  readonly live?: boolean
}

export function addMigrateCommand(program: CliCommand): void {
  const migrate = program
    .command('migrate')
    .description('copy the log to another engine, and prove that both hold the same')
    .requiredOption('--from <place>', 'log to copy: file:DIR, or the URL of a shared journal')
    .requiredOption('--to <place>', 'where to: file:DIR, nats://HOST:4222/NAME or etcd://HOST:2379/NAME')
    .option('--live', 'copy from a shared journal while nodes run on it; run it again without, once they are stopped')
  addDriverOptions(migrate).example('ifab migrate --from file:.infrafabric --to nats://10.0.0.1:4222/build').does(run)
}

async function run(call: Call, options: MigrateOptions): Promise<Answer> {
  const { lastingName, openSourcePlace, openTargetPlace, parsePlace, refuseSame } = await import('./log-place.js')
  const [from, to] = [parsePlace(options.from, '--from'), parsePlace(options.to, '--to')]
  refuseSame(from, to)
  const warn = (message: string) => call.terminal.err(`${message}\n`)
  const opening: PlaceOptions = { data: call.data, driver: driverOptions(options), live: options.live === true, warn }
  const source = await openSourcePlace(from, opening)
  try {
    if (source.entries.size === 0) throw nothingThere(from)
    const target = await openTargetPlace(to, lastingName(from), opening)
    try {
      const { moveLog } = await import('../witness/transfer/move.js')
      const moved = await moveLog(source.entries, target, await signedHeads(call, source, from, to))
      await source.settled()
      await target.done()
      return await finish({ from, to, moved, live: options.live === true })
    } finally {
      await target.close()
    }
  } finally {
    await source.close()
  }
}

function nothingThere({ name }: LogPlace): FabricError {
  return new FabricError('NOT_FOUND', `${name} holds no entries. Check its name.`, { from: name })
}

/** What the witnesses at hand have signed of this log. */
async function signedHeads(
  { data }: Call,
  { entries }: OpenedSource,
  from: LogPlace,
  to: LogPlace,
): Promise<SignedHead[]> {
  const [{ lastSignedHead }, { originOf }] = await Promise.all([
    import('../witness/transfer/signed-head.js'),
    import('../witness/transfer/log-entries.js'),
  ])
  const own = [from, to].flatMap((place) => (place.kind === 'file' ? [place.data] : []))
  const heads: SignedHead[] = []
  const origin = await originOf(entries)
  for (const directory of new Set(own.length > 0 ? own : [data])) {
    const head = await lastSignedHead(directory)
    // The data directory that happens to apply may be that of another fabric.
    if (head === undefined || (own.length === 0 && head.origin !== origin)) continue
    if (head.origin !== origin) throw otherFabric(directory, head.origin, origin)
    heads.push({ describe: directory, size: head.size, root: head.root })
  }
  return heads
}

function otherFabric(directory: string, name: string, origin = 'none'): FabricError {
  const message = `The witness in ${directory} signed for the fabric ${name}, but the log is of ${origin}. Name the places that belong together.`
  return new FabricError('CONFLICT', message, { directory, name, origin })
}

interface Finished {
  readonly from: LogPlace
  readonly to: LogPlace
  readonly moved: MovedLog
  readonly live: boolean
}

async function finish({ from, to, moved, live }: Finished): Promise<Answer> {
  const { size, kept, copied, root, heads } = moved
  const value = { from: from.name, to: to.name, size, kept, copied, root: root.toString('base64'), heads, live }
  const proof = heads.length === 0 ? '' : `; they extend what was signed at ${heads.join(' and ')} entries`
  const lines = [
    `${to.name} holds the ${counted(size, 'entry', 'entries')} of ${from.name}: ${copied} came now, ${kept} were there.`,
    `Read back, both have the root ${value.root}${proof}.`,
  ]
  if (live)
    return answer(value, [...lines, 'Stop all nodes, then run it again without --live for what came meanwhile.'])
  if (from.kind === 'file') {
    const [{ markLog }, { lastingName }, { formatTimestamp }] = await Promise.all([
      import('./moved-log.js'),
      import('./log-place.js'),
      import('../model/time.js'),
    ])
    await markLog(from.data, { state: 'away', other: lastingName(to), at: formatTimestamp(Date.now()) })
    lines.push(`${from.data} is marked: its own log is not the one to go on with any more.`)
  }
  return answer(value, [...lines, nextStep(from, to)])
}

/** Key, blobs and token stay where they are: whoever goes on needs to know where. */
function nextStep(from: LogPlace, to: LogPlace): string {
  if (to.kind === 'file') return `Next: ifab up --data ${to.data}`
  const data = from.kind === 'file' ? ` --data ${from.data}` : ''
  const why = from.kind === 'file' ? ', first of all nodes: the key that signed the log and its blobs are there' : ''
  return `Next: ifab up${data} --journal ${to.name} --cluster-secret FILE${why}.`
}
