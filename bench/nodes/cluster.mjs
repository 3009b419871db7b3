import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connect, nodeTransport } from '../../dist/index.js'
import { freePorts, ready } from '../servers/free-ports.mjs'

const IFAB = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const NODES = 3
const LOOK_AGAIN_MS = 50

/** Three nodes, each a process of `ifab up`, on one server that keeps their journal. */
export class Cluster {
  #children
  #directory
  #secret = randomBytes(32).toString('hex')
  #transport = nodeTransport()
  #engine
  /** `{ id, url, data, process }` of each. */
  nodes = []
  /** An administrator's, for all of them. */
  token = ''

  /** `start` starts the server; `program` is the one. */
  static async open(children, { start, program }) {
    const cluster = new Cluster(children)
    await cluster.#open(start, program)
    return cluster
  }

  constructor(children) {
    this.#children = children
    this.#directory = children.directory()
  }

  get settings() {
    return this.#engine.settings
  }

  get server() {
    return this.#engine.server
  }

  /** Resolves when it answers. */
  async #startNode(node) {
    const env = { ...process.env, IFAB_DATA: node.data, IFAB_CLUSTER_SECRET: this.#secret }
    const options = { '--journal': this.#engine.url, '--listen': new URL(node.url).host, '--node': node.id }
    const args = [IFAB, 'up', '--log-level', 'error', ...Object.entries(options).flat()]
    node.process = this.#children.startProgram({ path: process.execPath, env }, args)
    await ready(node.process, async () => {
      const response = await fetch(`${node.url}/readyz`).catch(() => undefined)
      return response?.ok === true
    })
  }

  #connect({ url }) {
    return connect({ url, token: this.token, transport: this.#transport })
  }

  /** Waits until each node knows all of them, one that leads, and all of the log. */
  async #settle() {
    for (;;) {
      const views = await Promise.all(this.nodes.map((node) => this.#connect(node).fabric.status()))
      if (views.every(({ nodes }) => isSettled(nodes))) return
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS))
    }
  }

  async end() {
    this.#transport.close()
    await Promise.all(this.nodes.map((node) => this.#children.end(node.process)))
    await this.#children.end(this.server)
    this.#children.remove(this.#directory)
  }

  async #open(start, program) {
    const directory = join(this.#directory, 'server')
    mkdirSync(directory)
    this.#engine = await start({ children: this.#children, program, directory })
    const ports = await freePorts(NODES)
    this.nodes = ports.map((port, position) => {
      const id = `node-${position + 1}`
      return { id, url: `http://127.0.0.1:${port}`, data: join(this.#directory, id) }
    })
    for (const node of this.nodes) await this.#startNode(node)
    const [first] = this.nodes
    this.token = readFileSync(join(first.data, 'admin.token'), 'utf8').trim()
    const { token } = await this.#connect(first).token.issue({ name: 'bench', role: 'admin' })
    this.token = token
    await this.#settle()
  }
}

/** Megabytes of a process that are in memory. */
export function residentMegabytes({ pid }) {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return (Number(kilobytes) * 1_024) / 1e6
}

function isSettled({ leader, members }) {
  return leader !== undefined && members.length === NODES && members.every(({ lag }) => lag === 0)
}
