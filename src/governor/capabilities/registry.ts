import { compareIds } from '../../model/ids.js'
import { nearest } from '../../user-file/nearest.js'
import type { GovernorPolicy } from '../policy/policy.js'
import { DOMAINS } from './built-in.js'

/** What a swarm can do and a task can ask for. */
export interface Capability {
  /** `domain:skill`. */
  readonly name: string
  /** One line. */
  readonly meaning: string
  /** Whether the policy adds it to the built-in ones, or gives one of them another meaning. */
  readonly own: boolean
}

type OwnRegistry = Pick<GovernorPolicy, 'capabilityRegistry'>

const BUILT_IN: ReadonlyMap<string, Capability> = new Map(
  Object.entries(DOMAINS).flatMap(([domain, { skills }]) =>
    Object.entries(skills).map(([skill, meaning]) => {
      const name = `${domain}:${skill}`
      return [name, { name, meaning, own: false }] as const
    }),
  ),
)

/** The capability of this name, the policy's own before a built-in one; undefined when no registry names it. */
export function lookupCapability(name: string, { capabilityRegistry }: OwnRegistry): Capability | undefined {
  if (!Object.hasOwn(capabilityRegistry, name)) return BUILT_IN.get(name)
  return { name, meaning: capabilityRegistry[name] ?? '', own: true }
}

/** Every capability with a meaning, by name: built-in ones and the policy's own. */
export function listCapabilities({ capabilityRegistry }: OwnRegistry): Capability[] {
  const all = new Map(BUILT_IN)
  for (const [name, meaning] of Object.entries(capabilityRegistry)) all.set(name, { name, meaning, own: true })
  return [...all.values()].sort((a, b) => compareIds(a.name, b.name))
}

/** The distinct names that no registry knows, in the order given. */
export function unknownCapabilities(names: readonly string[], policy: OwnRegistry): string[] {
  return [...new Set(names)].filter((name) => lookupCapability(name, policy) === undefined)
}

/**
 * The known capability that an unknown name was probably meant to be; undefined when none is like it. Besides slips it
 * finds the right domain for a skill: `sec:review` is `security:review`, `postgres` is `db:postgres`.
 */
export function suggestCapability(name: string, policy: OwnRegistry): string | undefined {
  const known = listCapabilities(policy).map((capability) => capability.name)
  const skill = name.slice(name.indexOf(':') + 1).toLowerCase()
  const sameSkill = known.filter((candidate) => candidate.slice(candidate.indexOf(':') + 1) === skill)
  if (sameSkill.length === 1) return sameSkill[0]
  return nearest(name, sameSkill) ?? nearest(name, known) ?? sharedBeginning(name, sameSkill)
}

/** `sec:review` is nearer to `security:review` than to `docs:review`, though more letters differ. */
function sharedBeginning(name: string, candidates: readonly string[]): string | undefined {
  const domain = name.slice(0, Math.max(0, name.indexOf(':'))).toLowerCase()
  if (domain === '') return undefined
  return candidates.find((candidate) => candidate.startsWith(domain))
}
