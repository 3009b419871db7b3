/**
 * Starts servers of others on free ports of this machine, each with one new directory, and with every write flushed
 * before it is acknowledged where the server can do that. `settings` says in words how it was started.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { freePorts, ready } from './free-ports.mjs'
import { isAtLeast } from './programs.mjs'

export async function startNats({ children, program, directory }) {
  const [port, monitor] = await freePorts(2)
  const flushes = isAtLeast(program, 2, 10)
  const configuration = join(directory, 'server.conf')
  const lines = [
    `listen: "127.0.0.1:${port}"`,
    `http: "127.0.0.1:${monitor}"`,
    `jetstream { store_dir: "${directory}/data"${flushes ? ', sync_interval: always' : ''} }`,
  ]
  writeFileSync(configuration, lines.join('\n'))
  const server = children.startProgram(program, ['-c', configuration])
  await ready(server, () => greets(port))
  return {
    server,
    journal: { driver: 'nats', server: `127.0.0.1:${port}`, monitor: `http://127.0.0.1:${monitor}`, flushes },
    url: `nats://127.0.0.1:${port}/main?monitor=http://127.0.0.1:${monitor}`,
    settings: `nats-server ${program.version}, 1 replica, ${flushes ? 'sync_interval always' : 'cannot flush before it acknowledges'}`,
  }
}

export async function startEtcd({ children, program, directory }) {
  const [port, peer, metrics] = await freePorts(3)
  const own = {
    name: 'bench',
    'data-dir': join(directory, 'data'),
    'listen-client-urls': `http://127.0.0.1:${port}`,
    'advertise-client-urls': `http://127.0.0.1:${port}`,
    'listen-peer-urls': `http://127.0.0.1:${peer}`,
    'initial-advertise-peer-urls': `http://127.0.0.1:${peer}`,
    'initial-cluster': `bench=http://127.0.0.1:${peer}`,
    'listen-metrics-urls': `http://127.0.0.1:${metrics}`,
    'log-level': 'error',
  }
  const flags = Object.entries(own).map(([name, value]) => `--${name}=${value}`)
  const server = children.startProgram(program, flags)
  await ready(server, () => hasLeader(metrics))
  return {
    server,
    journal: { driver: 'etcd', server: `127.0.0.1:${port}` },
    url: `etcd://127.0.0.1:${port}/main`,
    settings: `etcd ${program.version}, 1 member`,
  }
}

export async function startRedis({ children, program, directory }) {
  const [port] = await freePorts(1)
  const flags = ['--bind', '127.0.0.1', '--appendonly', 'yes', '--appendfsync', 'always', '--save', '']
  const server = children.startProgram(program, [...flags, '--port', String(port), '--dir', directory])
  await ready(server, () => answers(port, 'PING\r\n', '+PONG'))
  return { server, url: `redis://127.0.0.1:${port}`, settings: `Redis ${program.version}, appendfsync always` }
}

export async function startPostgres({ children, program, directory }) {
  const [port] = await freePorts(1)
  const user = unprivilegedUser()
  const data = join(directory, 'data')
  if (user !== undefined) {
    // It refuses to run as root, and has to come through to its directory.
    chmodSync(dirname(directory), 0o711)
    chownSync(directory, user.uid, user.gid)
  }
  const options = { env: program.env, cwd: '/', ...user }
  const folder = dirname(program.path)
  const initialise = ['-D', data, '-U', 'bench', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync']
  const { status, stderr } = spawnSync(join(folder, 'initdb'), initialise, options)
  if (status !== 0) throw new Error(`initdb failed. ${stderr}`)
  const settings = { listen_addresses: '127.0.0.1', port, unix_socket_directories: '', shared_buffers: '256MB' }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const server = children.startProgram(program, ['-D', data, ...flags], { ...user, cwd: '/', signal: 'SIGINT' })
  const probe = ['-q', '-h', '127.0.0.1', '-p', String(port), '-U', 'bench']
  await ready(server, () => spawnSync(join(folder, 'pg_isready'), probe, options).status === 0)
  return {
    server,
    url: `postgres://bench@127.0.0.1:${port}/postgres`,
    settings: `PostgreSQL ${program.version}, fsync and synchronous_commit on, shared_buffers 256 MB`,
  }
}

/** Whose the server becomes when root starts it; undefined for everybody else. */
function unprivilegedUser() {
  if (process.getuid?.() !== 0) return undefined
  const [, uid, gid] = /^(?:postgres|nobody):[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8')) ?? []
  return { uid: Number(uid), gid: Number(gid) }
}

async function hasLeader(metricsPort) {
  const response = await fetch(`http://127.0.0.1:${metricsPort}/metrics`).catch(() => undefined)
  return /^etcd_server_has_leader 1$/m.test((await response?.text()) ?? '')
}

const greets = (port) => answers(port, '', 'INFO')

/** Whether what a server sends after `request` begins with `expected`. */
function answers(port, request, expected) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(request))
    const end = (value) => {
      socket.destroy()
      resolve(value)
    }
    socket.once('data', (data) => end(String(data).startsWith(expected)))
    socket.once('error', () => end(false))
    socket.once('close', () => end(false))
  })
}
