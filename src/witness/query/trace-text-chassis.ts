import { type Fields, moment, named, namedAll, optional, quoted, type Words } from './trace-words.js'

/** What the entries of the chassis mean. */
export const CHASSIS_WORDS: Readonly<Record<string, Words>> = {
  module_loaded: ({ contract, bytes, signedBy, replaces }, { subject }) =>
    `a module of ${bytes} bytes works for ${named(subject)}: version ${quoted(Object(contract).version)}${optional(', signed by ', signedBy, quoted)}${optional(', in place of ', replaces, named)}`,
  module_unloaded: ({ sha256, reason }, { subject }) =>
    `module ${named(sha256)} of ${named(subject)} is unloaded${optional(': ', reason)}`,
  credential_issued: ({ swarm, endpoints, expiresAt, replaces }, { subject }) =>
    `credential ${named(subject)} lets ${named(swarm)} send requests to ${namedAll(endpoints, endpointText) || 'nobody'} until ${moment(expiresAt)}${optional(', in place of ', Object(replaces).id, named)}`,
  credential_revoked: ({ swarm, reason }, { subject }) =>
    `credential ${named(subject)} of ${named(swarm)} is revoked${optional(': ', reason)}`,
  credential_used: ({ swarm, outcome, status, reason, ...request }, { subject }) =>
    `${named(swarm)} sent ${requestText(request)} under ${named(subject)}: ${outcome === 'answered' ? `status ${status}` : `FAILED${optional(', ', reason, named)}`}`,
  credential_refused: ({ swarm, reason, count, ...request }) =>
    `REFUSED ${requestText(request)} of ${named(swarm)}: ${named(reason)}${count === 1 ? '' : `, ${count} times`}`,

  run_ended: ({ version, end, wallMs, fuel, refusedCalls, jail }) =>
    `module ${named(version)} ran: ${named(end)} after ${wallMs} ms, ${fuel} fuel, in ${named(jail)}${optional(', requests refused: ', refusedCalls, String)}`,
  service_level_violated: ({ level, target, actual }) =>
    `promised ${levelText(level)} VIOLATED: ${measured(level, actual)}, not ${measured(level, target)}`,
  service_level_restored: ({ level, target, actual }) =>
    `${levelText(level)} ${target === undefined ? 'is not promised any more' : `kept again: ${measured(level, actual)} of ${measured(level, target)}`}`,
  reputation_aged: ({ reputation, before }) => `reputation rose from ${before} to ${reputation} with time`,
}

function levelText(level: unknown): string {
  return level === 'p99' ? 'p99 latency' : level === 'success' ? 'success rate' : named(level)
}

function measured(level: unknown, value: unknown): string {
  return level === 'p99' ? `${value} ms` : `${Math.round(Number(value) * 10_000) / 100}%`
}

function endpointText(endpoint: unknown): string {
  const { host, port } = Object(endpoint) as Fields
  return `${quotedHost(host)}:${port}`
}

function requestText({ method, host, port }: Fields): string {
  if (host === undefined) return 'a request'
  return `${optional('', method, named) || 'a request'} to ${quotedHost(host)}${optional(':', port, String)}`
}

/** Names of hosts are ids; what a guest wrote in place of one stays in quotes. */
function quotedHost(host: unknown): string {
  return host === undefined ? quoted('') : named(host)
}
