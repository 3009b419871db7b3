import type { AllowedHost, Method } from '../contract/contract.js'
import type { EgressContext, Right } from './egress.js'
import { EgressRefusal } from './refusal.js'
import type { Target } from './target.js'

/**
 * The right by which a request may be sent: one of a live credential, and only where the contract allows it as well.
 * Rights that put a secret into the request come first. Throws NOT_ALLOWED.
 */
export function findRight(context: EgressContext, target: Target, method: Method): Right {
  const what = `${method} ${target.scheme}://${target.host}:${target.port} with this path`
  if (!context.hosts.some((host) => allows(host, target, method))) {
    throw new EgressRefusal('NOT_ALLOWED', `The contract does not allow ${what}. Add it to the hosts of the contract.`)
  }
  const rights = context.rights().filter(({ endpoint }) => allows(endpoint, target, method))
  const right = rights.find(({ endpoint }) => endpoint.inject !== undefined) ?? rights[0]
  if (right === undefined) {
    const fix = 'Issue one for the claim that it runs under.'
    throw new EgressRefusal('NOT_ALLOWED', `No live credential allows ${what}. ${fix}`)
  }
  return right
}

/** Whether a host of a contract, or an endpoint of a credential, allows it. */
function allows(host: AllowedHost, target: Target, method: Method): boolean {
  return (
    host.host === target.host &&
    host.port === target.port &&
    host.scheme === target.scheme &&
    host.methods.includes(method) &&
    host.paths.some((path) => isBelow(target.path, path))
  )
}

/** By whole steps: `/v1` allows `/v1` and `/v1/items`, `/v1/` only the latter, and neither `/v10`. */
function isBelow(path: string, beginning: string): boolean {
  if (beginning.endsWith('/')) return path.startsWith(beginning)
  return path === beginning || path.startsWith(`${beginning}/`)
}
