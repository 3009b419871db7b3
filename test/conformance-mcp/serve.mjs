import { ADMINISTRATOR } from '../../dist/model/principal.js'
import { createApp, guardApp, runApp } from '../../dist/server/app.js'
import { checkHost } from '../../dist/server/guard.js'
import { servedNames } from '../../dist/server/listen.js'
import { handlerOf } from '../../dist/server/mcp/http.js'
import { mountMcp } from '../../dist/server/mcp/route.js'
import { RateLimits } from '../../dist/server/rate-limits.js'
import { Waits } from '../../dist/server/waits.js'

const ADDRESS = { host: '127.0.0.1', port: 0 }

/**
 * Serves what `serverFor` makes exactly as a fabric serves its tools, with one difference: the suite has no token, so
 * whoever comes to the right Host from no other page is let in.
 */
export function serveFixture(serverFor) {
  const waits = new Waits()
  const onFault = ({ error }) => console.error(error)
  const app = createApp({ bodyLimit: 1024 * 1024, pathHint: '', onFault, tellFault: (_, thrown) => thrown })
  app.decorateRequest('principal', null)
  const served = servedNames(ADDRESS, {})
  const gate = guardApp(app, (request) => {
    checkHost(request.headers, served)
    request.principal = ADMINISTRATOR
  })
  mountMcp(app, { waits, onFault, limits: new RateLimits(100_000, Date.now) }, async () => handlerOf(serverFor))
  return runApp(app, gate, ADDRESS, served, () => waits.close())
}
