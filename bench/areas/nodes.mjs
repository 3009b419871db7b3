import { measureSwarms } from '../nodes/swarms.mjs'
import { requireOpenFiles } from '../serve/connections.mjs'
import { findPrograms, isAtLeast } from '../servers/programs.mjs'
import { startEtcd, startNats } from '../servers/servers.mjs'

/** Ten thousand swarms over three nodes on one journal, all on this machine with their server and their clients. */
export async function nodes(setting) {
  requireOpenFiles()
  const programs = {
    NATS: findPrograms('nats-server').find((program) => isAtLeast(program, 2, 10)),
    etcd: findPrograms('etcd')[0],
  }
  const results = []
  for (const [name, start] of [
    ['NATS', startNats],
    ['etcd', startEtcd],
  ]) {
    const program = programs[name]
    if (program === undefined) {
      setting.skip(`nodes on ${name} NEED ITS SERVER: node bench/servers/unpack.mjs unpacks it`)
      continue
    }
    results.push(...(await measureSwarms(setting, { name, start, program })))
  }
  return results
}
