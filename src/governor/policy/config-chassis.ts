import * as z from 'zod'
import { writtenEndpoints } from '../../chassis/credential/endpoint-schema.js'
import { JAIL_LEVELS } from '../../chassis/jail/levels.js'
import { type ChassisPolicy, DEFAULT_CHASSIS_POLICY } from '../../chassis/policy/policy.js'
import { exactVersion, swarmKey, trustedKey } from '../../chassis/policy/policy-schema.js'
import { LIMITS } from '../../model/limits.js'
import * as field from '../../user-file/file-fields.js'

const defaults = DEFAULT_CHASSIS_POLICY

/** `chassis`: which modules may run, how, and what they may reach. */
export const chassisSection = z
  .strictObject({
    require_signature: field
      .flag('Whether the contract of a module must be signed by a trusted key.')
      .default(defaults.requireSignature),
    require_pinned_version: field
      .flag('Whether the contract of a module must name an exact version.')
      .default(defaults.requirePinnedVersion),
    trusted_keys: z
      .array(trustedKey.describe('A verifier key.'))
      .max(LIMITS.listItems)
      .describe('Verifier keys whose signature of a contract counts.')
      .default([]),
    pinned_versions: z
      .record(swarmKey, exactVersion.describe('An exact version.'))
      .describe('The one version of the module of a swarm that may run, by id of the swarm.')
      .prefault({}),
    minimum_jail: z
      .enum(JAIL_LEVELS)
      .describe('Weakest jail in which a module may run; any, unless it is given.')
      .exactOptional(),
    grants: z
      .record(swarmKey, writtenEndpoints.describe('Places that its requests may go to.'))
      .describe('What the module of a swarm gets a credential for when the fabric runs it, by id of the swarm.')
      .prefault({}),
  })
  .transform(
    (section): ChassisPolicy => ({
      requireSignature: section.require_signature,
      requirePinnedVersion: section.require_pinned_version,
      trustedKeys: section.trusted_keys,
      pinnedVersions: section.pinned_versions,
      ...(section.minimum_jail !== undefined && { minimumJail: section.minimum_jail }),
      grants: section.grants,
    }),
  )
  .describe('Which modules may run, how, and what they may reach.')
