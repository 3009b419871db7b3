import { readFile, statfs } from 'node:fs/promises'
import type { Owner } from '../journal/file/lock.js'
import { formatTimestamp, MINUTE_MS, SECOND_MS } from '../model/time.js'
import { type Finding, failed, ok, warning } from './finding.js'

const OLDEST_NODE = [20, 19] as const

export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const recent = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])
  if (recent) return ok('node', version)
  return failed('node', 'UNAVAILABLE', `${version} is too old`, `Install Node.js ${OLDEST_NODE.join('.')} or later.`)
}

const FEW_FILES = 4_096
/** Taken by the log, the listener and the runtime. */
const OWN_FILES = 64

/** The limit of the process that holds the data directory, else that of this one, which a fabric would inherit. */
export async function checkOpenFiles(owner: Owner | undefined, read = readLimits): Promise<Finding> {
  const limits = await read(owner?.state === 'alive' ? owner.pid : process.pid)
  const [, soft] = /^Max open files\s+(\d+|unlimited)/m.exec(limits ?? '') ?? []
  if (soft === undefined) return ok('open files', 'this system does not say how many')
  if (soft === 'unlimited' || Number(soft) >= FEW_FILES) return ok('open files', `at most ${soft}`)
  const message = `at most ${soft}, so about ${Math.max(0, Number(soft) - OWN_FILES)} connections`
  const fix = 'Run `ulimit -n 65536` before `ifab up`, or set LimitNOFILE=65536 in its systemd unit.'
  return warning('open files', message, fix)
}

async function readLimits(pid: number): Promise<string | undefined> {
  return readFile(`/proc/${pid}/limits`, 'utf8').catch(() => undefined)
}

/** `f_type` of statfs(2) for file systems that lie on other machines. */
const NETWORK_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x01021997, '9P'],
  [0x00c36400, 'Ceph'],
  [0x5346414f, 'AFS'],
  [0x73757245, 'Coda'],
  [0x01161970, 'GFS2'],
  [0x7461636f, 'OCFS2'],
  [0x65735546, 'FUSE'],
])

export async function checkFileSystem(data: string, measure: FileSystemOf = statfs): Promise<Finding> {
  const found = await measure(data).catch(() => undefined)
  // Some systems give the number with its sign.
  const type = found === undefined ? undefined : NETWORK_FILE_SYSTEMS.get(found.type >>> 0)
  if (type === undefined) return ok('file system', found === undefined ? 'not known' : 'local')
  const message = `${data} is on ${type}${type === 'FUSE' ? ', which may be a network share' : ''}`
  return warning('file system', message, 'Move it to a local disk: `ifab down`, then mv, then `ifab up --data DIR`.')
}

type FileSystemOf = (path: string) => Promise<{ readonly type: number }>

const CLOCK_TOLERANCE_MS = MINUTE_MS

/** `lastAt` is the time of the last entry, milliseconds since the Unix epoch. */
export function checkClock(lastAt: number | undefined, now: number): Finding {
  if (lastAt === undefined || lastAt - now <= CLOCK_TOLERANCE_MS) return ok('clock', formatTimestamp(now))
  const behind = Math.round((lastAt - now) / SECOND_MS)
  const message = `it is ${behind} s behind the last entry of the log, of ${formatTimestamp(lastAt)}`
  return warning('clock', message, 'Set the clock, for example with `timedatectl set-ntp true`.')
}
