import type { Inspection, LimitsView } from '../chassis/admission/inspect.js'
import type { ContractVerdict } from '../chassis/contract/judge-contract.js'
import { alignColumns, alignFields } from './columns.js'
import { counted } from './text.js'

export interface InspectedFile extends Inspection {
  readonly file: string
  readonly contract?: ContractVerdict & { readonly swarm: string; readonly version: string }
}

/** An inspection for people: what the module is, its counts against the caps, and the verdict last. */
export function inspectionLines(found: InspectedFile): string[] {
  const { counts, contract, verdict } = found
  const rows = counts.map(({ name, found: amount, limit }) => [name, grouped(amount), grouped(limit)])
  return [
    ...alignFields(fieldsOf(found)),
    '',
    ...alignColumns(['COUNT', 'FOUND', 'CAP'], rows),
    '',
    ...(contract === undefined ? [] : contractLines(contract)),
    verdict.admitted ? `${found.file} is admitted.` : (verdict.message ?? 'The module is refused.'),
  ]
}

function fieldsOf(found: InspectedFile): [string, string | undefined][] {
  const { file, digest, bytes, meteredBytes, profile, memories, tables, imports, exports } = found
  const metered = meteredBytes === undefined ? '' : `, ${grouped(meteredBytes)} with its fuel`
  return [
    ['File', file],
    ['SHA-256', digest],
    ['Size', `${grouped(bytes)} bytes${metered}`],
    ['Profile', profile],
    ['Memory', memories.map((memory) => limitsText(memory, 'page')).join('\n')],
    ['Tables', tables.map((table) => limitsText(table, 'element', ` of ${table.element}`)).join('\n')],
    ['Imports', imports.map(({ name, kind, signature }) => `${name} ${signature ?? kind}`).join('\n')],
    ['Exports', listed(exports.map(({ name, kind }) => `${name} (${kind})`))],
  ]
}

function contractLines({ swarm, version, signedBy, findings }: NonNullable<InspectedFile['contract']>): string[] {
  const signature = signedBy === undefined ? '' : `, signed by ${signedBy}`
  return [
    `Contract of ${swarm}, version ${version}${signature}.`,
    ...findings.map(({ fault, refused, message }) => `${refused ? 'error' : 'warning'}: ${fault}: ${message}`),
    '',
  ]
}

function limitsText({ minimum, maximum }: LimitsView, noun: string, of = ''): string {
  const most = maximum === undefined ? 'without a maximum' : `at most ${grouped(maximum)}`
  return `${counted(minimum, noun)}${of}, ${most}`
}

/** Engines export hundreds of functions; JSON has them all. */
function listed(lines: readonly string[]): string {
  const more = lines.length - SHOWN
  return [...lines.slice(0, SHOWN), ...(more > 0 ? [`and ${more} more`] : [])].join('\n')
}

const SHOWN = 20

/** `16,777,216` */
function grouped(count: number): string {
  return count.toLocaleString('en-US')
}
