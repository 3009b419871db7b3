import * as z from 'zod'
import { ID_PATTERN } from '../../model/ids.js'
import { LIMITS } from '../../model/limits.js'
import { ORCHESTRATOR, type SwarmRow } from '../../model/swarm.js'
import * as field from '../../user-file/file-fields.js'
import { LINE_PATTERN } from '../../user-file/file-fields.js'
import { readUserFile } from '../../user-file/user-file.js'

/** What a manifest says of one swarm. */
export interface SwarmManifest extends Omit<SwarmRow, 'id' | 'state' | 'registeredAt'> {
  readonly swarm: string
}

const capabilities = z.array(field.id('A capability, domain:skill.')).max(LIMITS.listItems)

const metadata = z
  .record(
    field.name(ID_PATTERN, "is no key of metadata. Use letters, digits, '.', '_', ':' and '-'."),
    z
      .string()
      .max(LIMITS.noteChars)
      .regex(LINE_PATTERN, { error: 'is blank or no single line. Write one line of text.' }),
  )
  .refine((entries) => Object.keys(entries).length <= LIMITS.metadataKeys, {
    error: `has too many keys. At most ${LIMITS.metadataKeys} are allowed.`,
  })

const swarm = z
  .strictObject({
    swarm: field.id('Id of the swarm.').exactOptional(),
    id: field.id('Another word for swarm.').exactOptional(),
    capabilities: capabilities.default([]).describe('What it says it can do, as domain:skill names.'),
    granted: capabilities
      .describe('Capabilities that an administrator grants it; the policy says which count only so.')
      .exactOptional(),
    tier: field.id('Model tier, such as haiku, sonnet or opus.').exactOptional(),
    capacity: field.whole([1, 1_000], 'Tasks it works on at the same time.').default(1),
    cost_per_hour: field
      .dollars('Dollars for an hour of its work; 0 is free. Without it the policy assumes a rate.')
      .exactOptional(),
    reputation: field.fraction('Reputation, 0 to 1; 1 without it.').exactOptional(),
    budget: field.dollars('Dollars it may spend altogether.').exactOptional(),
    metadata: metadata.default({}).describe('Anything else worth knowing, as texts.'),
  })
  .superRefine(({ swarm, id }, context) => {
    if (swarm === undefined && id === undefined) {
      context.addIssue({ code: 'invalid_type', expected: 'string', path: ['swarm'], input: undefined })
    } else if (swarm !== undefined && id !== undefined) {
      context.addIssue({ code: 'custom', path: ['id'], message: 'says the same as swarm. Keep one of the two.' })
    } else if ((swarm ?? id) === ORCHESTRATOR) {
      const message = `is ${ORCHESTRATOR}, which is reserved for its inbox. Choose another.`
      context.addIssue({ code: 'custom', path: [id === undefined ? 'swarm' : 'id'], message })
    }
  })
  .transform(
    ({ swarm, id, cost_per_hour, budget, ...profile }): SwarmManifest => ({
      ...profile,
      swarm: swarm ?? id ?? '',
      ...(cost_per_hour !== undefined && { costPerHourNanos: cost_per_hour }),
      ...(budget !== undefined && { budgetNanos: budget }),
    }),
  )
  .meta({ id: 'swarm', description: 'One swarm.' })

const oneSwarm = swarm.transform((manifest) => [manifest])

const manySwarms = z
  .strictObject({
    swarms: z.array(swarm).min(1).max(LIMITS.manifestSwarms).describe('One item for each swarm.'),
  })
  .superRefine(({ swarms }, context) => {
    const seen = new Set<string>()
    for (const [index, { swarm }] of swarms.entries()) {
      if (seen.has(swarm)) {
        context.addIssue({ code: 'custom', path: ['swarms', index], message: `is ${swarm} again. Keep one of them.` })
      }
      seen.add(swarm)
    }
  })
  .transform(({ swarms }) => swarms)

/** The keys of a manifest: those of one swarm, or a list of them under `swarms`. */
export const manifestSchema = z.union([manySwarms, oneSwarm]).meta({
  title: 'Swarm manifest',
  description: 'One swarm, or a list of them under swarms.',
})

/**
 * Reads a manifest of swarms, in the order of the file. Throws INVALID_ARGUMENT with `details.problems`, one FileProblem
 * for each thing that is wrong, and the first one as `file:line: ...` in the message.
 */
export function readManifest(file: string, source: string): SwarmManifest[] {
  const { value } = readUserFile<typeof manySwarms | typeof oneSwarm>({
    file,
    source,
    maxBytes: LIMITS.manifestBytes,
    // Against both forms a slip would be told twice, and by the wrong one.
    schemaFor: (read) => (isList(read) ? manySwarms : oneSwarm),
  })
  return value
}

function isList(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'swarms')
}
