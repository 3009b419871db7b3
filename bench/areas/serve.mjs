import { measureClaims } from '../serve/claims.mjs'
import { measureCommandLine } from '../serve/command-line.mjs'
import { measureConnections, requireOpenFiles } from '../serve/connections.mjs'
import { measureWake } from '../serve/wake.mjs'

/** What callers feel: claims over HTTP, thousands of connections that wait, being woken for work, commands of a shell. */
export async function serve(setting) {
  requireOpenFiles()
  return [
    ...(await measureClaims(setting)),
    ...(await measureConnections(setting)),
    ...(await measureWake(setting)),
    ...(await measureCommandLine(setting)),
  ]
}
