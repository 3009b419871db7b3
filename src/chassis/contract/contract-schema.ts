import * as z from 'zod'
import { CAPABILITY_PATTERN } from '../../model/capability.js'
import { LIMITS } from '../../model/limits.js'
import * as field from '../../user-file/file-fields.js'
import { PROFILES } from '../admission/imports.js'
import {
  type AllowedHost,
  type ContractLimits,
  DEFAULT_CONTRACT_LIMITS,
  DEFAULT_FUEL,
  METHODS,
  type ServiceLevels,
  type SignedContract,
} from './contract.js'

/** Least and most of what a contract may ask for. */
const CONTRACT_BOUNDS = {
  memoryBytes: [64 * 1024, 1024 * 1024 * 1024],
  tableElements: [0, 1_000_000],
  cpuPercent: [1, 100],
  wallMs: [1, 10 * 60_000],
  fuel: [1, 1_000_000_000_000],
  hostCallsPerSecond: [0, 1_000],
  outputBytes: [0, 64 * 1024 * 1024],
  logBytes: [0, 16 * 1024 * 1024],
  latencyMs: [1, 10 * 60_000],
} as const satisfies Record<string, readonly [least: number, most: number]>

const defaults = DEFAULT_CONTRACT_LIMITS
const FUEL_DEFAULTS = `${DEFAULT_FUEL.core}, or ${DEFAULT_FUEL.typescript} with typescript,`

/** The fuel depends on the profile, which is not known here. */
type Limits = Omit<ContractLimits, 'fuel'> & Partial<Pick<ContractLimits, 'fuel'>>

const limits = z
  .strictObject({
    memory: field
      .bytes(CONTRACT_BOUNDS.memoryBytes, 'Most memory of the module.')
      .prefault(field.bytesText(defaults.memoryBytes)),
    table_elements: field
      .amount(CONTRACT_BOUNDS.tableElements, 'Most elements of each of its tables.')
      .prefault(defaults.tableElements),
    cpu_percent: field
      .whole(CONTRACT_BOUNDS.cpuPercent, 'Most processor time, in percent of one core.')
      .default(defaults.cpuPercent),
    wall_time: field
      .duration(CONTRACT_BOUNDS.wallMs, 'Longest time of one call.')
      .prefault(field.durationText(defaults.wallMs)),
    fuel: field
      .amount(
        CONTRACT_BOUNDS.fuel,
        `Fuel of one call; one unit is about one instruction. ${FUEL_DEFAULTS} unless given.`,
      )
      .exactOptional(),
    host_calls_per_second: field
      .whole(CONTRACT_BOUNDS.hostCallsPerSecond, 'Most calls of host functions in a second.')
      .default(defaults.hostCallsPerSecond),
    output: field
      .bytes(CONTRACT_BOUNDS.outputBytes, 'Most output of one call.')
      .prefault(field.bytesText(defaults.outputBytes)),
    log: field
      .bytes(CONTRACT_BOUNDS.logBytes, 'Most log text of one call.')
      .prefault(field.bytesText(defaults.logBytes)),
  })
  .transform(
    ({ fuel, ...given }): Limits => ({
      memoryBytes: given.memory,
      tableElements: given.table_elements,
      cpuPercent: given.cpu_percent,
      wallMs: given.wall_time,
      ...(fuel !== undefined && { fuel }),
      hostCallsPerSecond: given.host_calls_per_second,
      outputBytes: given.output,
      logBytes: given.log,
    }),
  )
  .prefault({})
  .describe('What the module may use. What is beyond ends it.')

const levels = z
  .strictObject({
    p99_latency: field.duration(CONTRACT_BOUNDS.latencyMs, 'Time in which 99 of 100 calls end.').exactOptional(),
    success_rate: field.fraction('Least part of its calls that succeed.').exactOptional(),
    availability: field.fraction('Least part of its calls that it answers, if only with a failure.').exactOptional(),
  })
  .transform(
    ({ p99_latency, success_rate, availability }): ServiceLevels => ({
      ...(p99_latency !== undefined && { p99LatencyMs: p99_latency }),
      ...(success_rate !== undefined && { successRate: success_rate }),
      ...(availability !== undefined && { availability }),
    }),
  )
  .prefault({})
  .describe('What its owner promises. What is not named is not promised.')

/** A name of the DNS in small letters, its last part beginning with a letter: that is no address in any form. */
const HOST_NAME = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/
/** What a path may have (RFC 3986) without escapes. */
const PATH = /^\/[A-Za-z0-9._~!$&'()*+,;=:@/-]{0,1023}$/

/** A place that requests may go to, as people write it. */
export const hostFields = {
  host: z
    .string()
    .regex(HOST_NAME, { error: 'is no name of a host. Write one such as api.example.com, without port or scheme.' })
    .describe('Name of the host, in small letters. An address is no name.'),
  port: field.whole([1, 65_535], 'Its port; 443 with https and 80 with http unless given.').exactOptional(),
  scheme: z.enum(['https', 'http']).default('https').describe('How it is reached.'),
  methods: z
    .array(z.enum(METHODS))
    .min(1)
    .max(METHODS.length)
    .default(['GET'])
    .describe('Methods that requests may have.'),
  paths: z
    .array(
      z
        .string()
        .regex(PATH, { error: 'is no path. Begin with a slash, without a query or escapes.' })
        .refine((path) => !/(?:^|\/)\.{1,2}(?:\/|$)/.test(path), {
          error: 'has a step of dots. Write where it leads.',
        }),
    )
    .min(1)
    .max(LIMITS.listItems)
    .default(['/'])
    .describe('What the path of a request must begin with, one of these.'),
}

/** The port of a scheme, unless another is given. */
export function portOf(scheme: AllowedHost['scheme'], port: number | undefined): number {
  return port ?? (scheme === 'https' ? 443 : 80)
}

const host = z
  .strictObject(hostFields)
  .transform(({ port, scheme, ...rest }): AllowedHost => ({ ...rest, scheme, port: portOf(scheme, port) }))

const signature = z
  .strictObject({
    key: z
      .string()
      .max(LIMITS.titleChars)
      .regex(/^[^\s+]+\+[0-9a-f]{8}$/, { error: 'is no key. Write its name and id, such as release+1a2b3c4d.' })
      .describe('Name and id of the key that signed.'),
    value: z
      .string()
      .regex(/^[A-Za-z0-9+/]{86}==$/, { error: 'is no signature. It is 64 bytes in base64.' })
      .describe('Ed25519 signature of the contract, in base64.'),
  })
  .describe('Signature of the owner, as signing writes it.')

/** The keys of contract.yaml. Reading turns them into a contract with every default in its place. */
export const contractSchema = z
  .strictObject({
    swarm: field.id('Swarm that the module works for.'),
    version: field.line(
      'Version of the module, exact, such as 1.2.3. A range or a word is allowed only where the policy says so.',
    ),
    module: z
      .strictObject({
        path: field
          .line('File of the module, in the directory of this file or below it.')
          .refine((path) => !/^[/\\]|(?:^|[/\\])\.\.(?:[/\\]|$)|^[A-Za-z]:/.test(path), {
            error: 'leads out of the directory of this file. Put the module beside it.',
          }),
        sha256: z
          .string()
          .regex(/^[0-9a-f]{64}$/, { error: 'is no SHA-256. Write the 64 digits that `ifab chassis inspect` shows.' })
          .describe('SHA-256 of that file, in 64 small hexadecimal digits.'),
      })
      .describe('The module itself.'),
    profile: z.enum(PROFILES).default('core').describe('What the module is built as, which says what it may import.'),
    capabilities: z
      .array(
        z.string().regex(CAPABILITY_PATTERN, { error: 'is no capability. Write domain:skill, such as game:balance.' }),
      )
      .max(LIMITS.listItems)
      .default([])
      .describe('What the module can do.'),
    limits,
    slo: levels,
    hosts: z
      .array(host)
      .max(LIMITS.listItems)
      .default([])
      .describe('Hosts that it may send requests to. An empty list allows none.'),
    signature: signature.exactOptional(),
  })
  .transform(({ signature: signed, limits: given, ...rest }): SignedContract => {
    const contract = { ...rest, limits: { fuel: DEFAULT_FUEL[rest.profile], ...given } }
    return { contract, ...(signed !== undefined && { signature: signed }) }
  })
  .meta({ title: 'contract.yaml', description: 'What a module that runs in the sandbox is, may and promises.' })
