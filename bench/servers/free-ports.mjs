import { once } from 'node:events'
import { createServer } from 'node:net'

/** Ports of loopback that were free a moment ago, all different. */
export async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer())
  const ports = []
  for (const server of servers) {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    ports.push(server.address().port)
  }
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

/** Resolves when `check` does with true; rejects when the program ends first. */
export async function ready(child, check) {
  while (!(await check())) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`A server ended. ${child.said()}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
