import type { Verdicts, Verification } from './verify.js'

/** What one run of a verification says, as `--json` gives it. */
export interface VerificationReport extends Omit<Verification, 'checkpoint'> {
  readonly checkpoint: { readonly origin: string; readonly size: number; readonly root: string } | undefined
  /** The whole, for scripts. */
  readonly exit: number
  /** What this run proves and what it does not, a sentence each. */
  readonly proves: string
  readonly doesNotProve: string
}

const FAILED_EXITS: readonly (readonly [keyof Verdicts, number])[] = [
  ['integrity', 10],
  ['signature', 11],
  ['freshness', 12],
  ['completeness', 13],
]
const UNCHECKED_EXIT = 14

/** 0 when all that was asked for was checked and holds; else the first that failed, or 14 for what is unchecked. */
export function exitOf(verdicts: Verdicts): number {
  const broken = FAILED_EXITS.find(([name]) => verdicts[name].status === 'failed')
  if (broken !== undefined) return broken[1]
  return Object.values(verdicts).some(({ status }) => status === 'unchecked') ? UNCHECKED_EXIT : 0
}

export function reportOf(verification: Verification): VerificationReport {
  const { checkpoint, verdicts } = verification
  return {
    ...verification,
    checkpoint: checkpoint && { ...checkpoint, root: checkpoint.root.toString('base64') },
    exit: exitOf(verdicts),
    proves: proves(verification),
    doesNotProve: doesNotProve(verdicts),
  }
}

function proves({ checkpoint, verdicts }: Verification): string {
  const { integrity, signature, freshness, completeness } = verdicts
  if (checkpoint === undefined || integrity.status !== 'ok') return 'This run proves that the log is not intact.'
  const parts = [`the ${checkpoint.size} entries are exactly those of the checkpoint`]
  if (signature.status === 'ok') parts.push(`the holder of the key of ${checkpoint.origin} signed it`)
  if (freshness.code === 'extends' || freshness.code === 'unchanged') {
    parts.push('nothing that was verified before was removed or changed since')
  }
  if (othersSaw(freshness)) {
    parts.push('a quorum of others has seen the same log')
  }
  if (completeness.status === 'ok')
    parts.push(
      completeness.code === 'complete'
        ? 'the query gave all entries that match what it asked for'
        : 'the index holds what the entries say',
    )
  const broken = FAILED_EXITS.filter(([name]) => verdicts[name].status === 'failed').map(([name]) => name)
  const but = broken.length === 0 ? '' : `, but ${broken.join(' and ')} failed`
  return `This run proves that ${joined(parts)}${but}.`
}

function doesNotProve({ signature, freshness }: Verdicts): string {
  const parts = ['that everything that happened was written']
  if (signature.status !== 'ok') parts.push('whose log this is')
  if (freshness.status !== 'ok') parts.push('that this is its newest state')
  if (!othersSaw(freshness)) {
    parts.push('that others are shown the same log, for which it takes cosignatures')
  }
  return `It does not prove ${joined(parts, 'or')}.`
}

/** Cosignatures say that whenever they were made. */
function othersSaw({ status, code, details }: Verdicts['freshness']): boolean {
  return details.cosignatures !== undefined && (status === 'ok' || code === 'quorum_old' || code === 'quorum_in_future')
}

function joined(parts: readonly string[], word = 'and'): string {
  const last = parts.at(-1) ?? ''
  return parts.length < 2 ? last : `${parts.slice(0, -1).join(', ')} ${word} ${last}`
}
