import * as z from 'zod'
import { NOT_TEXT } from '../board/text.js'
import { ID_PATTERN } from '../model/ids.js'
import { LIMITS } from '../model/limits.js'
import { MILESTONE_PERCENTS, TASK_KINDS } from '../model/task.js'
import { SHA256_PATTERN } from '../witness/blob-store.js'

/** Input fields that several operations share, each with its bound. */

const ID_HELP = "use 1 to 128 letters, digits, '.', '_', ':' or '-', starting with a letter or digit"

export const id = z.string().regex(ID_PATTERN, { error: `not a valid id: ${ID_HELP}` })

/** Text that any terminal, file and encoding can carry; it may be empty. */
function plain(maxChars: number) {
  return z
    .string()
    .max(maxChars)
    .refine((value) => !NOT_TEXT.test(value), {
      error: 'has control characters or broken Unicode: of control characters use only newline and tab',
    })
}

function filled(maxChars: number) {
  return plain(maxChars)
    .min(1)
    .refine((value) => value.trim() !== '', { error: 'is blank: write some words' })
}

/** Text of one line. */
function line(maxChars: number) {
  return filled(maxChars).refine((value) => !/[\n\t]/.test(value), {
    error: 'is more than one line: use no newline or tab',
  })
}

const title = line(LIMITS.titleChars)
export const text = filled(LIMITS.textChars)
export const note = filled(LIMITS.noteChars)

/** Short texts: acceptance criteria, names of tests. */
const notes = z.array(note).max(LIMITS.listItems)
export const ids = z.array(id).max(LIMITS.listItems)
const dependencies = z.array(id).max(LIMITS.dependencies)
/** `domain:skill` names. */
export const capabilities = z.array(id).max(LIMITS.listItems)
export const metadata = z
  .record(id, plain(LIMITS.noteChars))
  .refine((record) => Object.keys(record).length <= LIMITS.metadataKeys, {
    error: `too many keys: at most ${LIMITS.metadataKeys}`,
  })

/** The swarm that the caller speaks for. */
export const as = id.exactOptional()
/** Fencing token of the claim. */
export const epoch = z.int().min(0)
export const count = z.int().min(0)
export const leaseMs = z.int().min(1_000).exactOptional()
export const waitMs = z.int().min(0).max(LIMITS.waitMs).default(0)
export const percent = z.literal(MILESTONE_PERCENTS)

/** Nano-dollars, or tokens. */
export const nanos = z.int().min(0).max(Number.MAX_SAFE_INTEGER)
const tokens = z.int().min(0).max(LIMITS.usageTokens)

/** What was used since the last report: tokens of a model, or plain cost. The same id is booked once for a claim. */
export const usage = z.strictObject({
  id,
  model: line(LIMITS.titleChars).exactOptional(),
  inputTokens: tokens.exactOptional(),
  outputTokens: tokens.exactOptional(),
  cachedTokens: tokens.exactOptional(),
  costNanos: z.int().min(0).max(LIMITS.usageNanos).exactOptional(),
})

/** Name of an account, such as `swarm:alice/total` or `fabric/day:2026-11-25`. */
export const account = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,160}\/[A-Za-z0-9:-]{1,32}$/, {
  error: 'not the name of an account: use one that `ifab cost budget` shows, such as swarm:alice/total',
})

export const sha256 = z
  .string()
  .regex(SHA256_PATTERN, { error: 'not a SHA-256 digest: 64 lower-case hexadecimal digits' })

/** Bytes in base64, as RFC 4648 section 4 has it. */
export function base64(maxBytes: number, what: string) {
  return z
    .string()
    .max(Math.ceil(maxBytes / 3) * 4, { error: `too large: ${what} has at most ${maxBytes} bytes` })
    .refine((text) => text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text), {
      error: 'not base64: use A to Z, a to z, 0 to 9, + and /, padded with = to whole groups of four',
    })
}

export const page = {
  limit: z.int().min(1).max(LIMITS.pageItems).default(100),
  cursor: z.string().min(1).max(LIMITS.titleChars).exactOptional(),
}

export const plannedMilestone = z.strictObject({ percent, text: note })

/** Everything a task's author can say about it. */
export const taskSpec = {
  id,
  title,
  description: text.exactOptional(),
  kind: z.enum(TASK_KINDS).default('primary'),
  dependencies: dependencies.readonly().default([]),
  requires: capabilities.readonly().default([]),
  priority: z.int().min(0).max(100).default(50),
  estimateMinutes: z.int().min(1).max(60_000).exactOptional(),
  tier: id.exactOptional(),
  deliverable: note.exactOptional(),
  acceptance: notes.readonly().default([]),
  milestones: z.array(plannedMilestone).max(MILESTONE_PERCENTS.length).readonly().default([]),
  keyTests: notes.readonly().default([]),
  board: id.exactOptional(),
  owner: id.exactOptional(),
  module: id.exactOptional(),
  maxCostNanos: count.exactOptional(),
  external: z.boolean().default(false),
}

/** Any JSON that is not nested too deeply: what reads it goes down level by level. */
export const json = z
  .unknown()
  .refine((value) => isNestedAtMost(value, LIMITS.jsonDepth), {
    error: `is nested too deeply: at most ${LIMITS.jsonDepth} levels`,
  })
  .pipe(z.json())

/** Looks at one level after the other, so that no nesting is too deep to be looked at. */
function isNestedAtMost(value: unknown, levels: number): boolean {
  let level = [value]
  for (let depth = 0; depth <= levels; depth += 1) {
    level = level.flatMap((item) => (typeof item === 'object' && item !== null ? Object.values(item) : []))
    if (level.length === 0) return true
  }
  return false
}

export const evidence = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('commit'),
    commit: line(LIMITS.titleChars),
    repository: line(LIMITS.titleChars).exactOptional(),
  }),
  z.strictObject({
    kind: z.literal('file'),
    path: line(LIMITS.noteChars),
    sha256,
  }),
  z.strictObject({ kind: z.literal('command'), command: note, exitCode: z.int() }),
  z.strictObject({ kind: z.literal('note'), text: note }),
])

export const evidenceList = z.array(evidence).max(LIMITS.evidenceItems)

/** A page of rows; `nextCursor` is absent on the last one. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.strictObject({ items: z.array(item).readonly(), nextCursor: z.string().exactOptional() })
}
