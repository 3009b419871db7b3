import type { RunEnd, RunReport } from '../chassis/sandbox/run.js'
import { LIMITS } from '../model/limits.js'
import type { Evidence } from '../model/task.js'
import { cut } from '../witness/query/trace-words.js'

/** What becomes of a task whose module has run. */
export type Outcome =
  | { readonly kind: 'complete'; readonly evidence: readonly Evidence[]; readonly summary?: string }
  | { readonly kind: 'fail'; readonly reason: string; readonly retry: boolean }
  /** The run was ended from outside, so nothing is known of the work. */
  | { readonly kind: 'none' }

const REASONS: Readonly<Record<Exclude<RunEnd, 'completed' | 'cancelled'>, string>> = {
  failed: 'the module says that it failed',
  fuel: 'the module used up its fuel',
  memory: 'the module reached its limit of memory',
  table: 'the module reached its limit of table elements',
  stack: 'the module called too deep',
  trap: 'the module trapped',
  deadline: 'the module did not end in its time',
  cpu: 'the module used up its processor time',
  output: 'the module wrote more output than it may',
  host_call: 'the module gave a host function a place outside of its memory',
  protocol: 'the process of the module said what it may not',
  crashed: 'the process of the module died',
}

/** Ends that another attempt may not have: they depend on the machine, or on what others answered. */
const PASSING: ReadonlySet<RunEnd> = new Set<RunEnd>(['failed', 'deadline', 'cpu', 'protocol', 'crashed'])

/** `output` names the blob that holds what the module wrote, if it wrote anything. */
export function outcomeOf(report: RunReport, output: { readonly sha256: string } | undefined): Outcome {
  const { end } = report
  if (end === 'cancelled') return { kind: 'none' }
  if (end !== 'completed') {
    const said = report.message === undefined ? '' : `: ${report.message}`
    const code = end === 'failed' && report.code !== undefined ? ` (code ${report.code})` : ''
    const reason = `${REASONS[end]}${code}${said}`.slice(0, LIMITS.noteChars)
    // A module that asked others got answers that may be different the next time.
    return { kind: 'fail', reason, retry: PASSING.has(end) || report.hostCalls > 0 }
  }
  const summary = summaryOf(report.output)
  return {
    kind: 'complete',
    evidence: [
      { kind: 'note', text: costText(report) },
      ...(output === undefined ? [] : [{ kind: 'file', path: 'output', sha256: output.sha256 } as const]),
    ],
    ...(summary !== undefined && { summary }),
  }
}

function costText({ fuel, memoryBytes, wallMs, cpuMs, hostCalls, jail }: RunReport): string {
  const used = `${fuel} fuel, ${memoryBytes} bytes of memory, ${Math.ceil(wallMs)} ms (${Math.ceil(cpuMs)} ms of processor time)`
  return `Its module ended well: ${used}, ${hostCalls} host calls, jail ${jail}.`
}

const SUMMARY_CHARS = 500
/** Beyond newline and tab. */
const CONTROL = /[^\P{Cc}\n\t]/u

/** The beginning of an output that is text. */
function summaryOf(output: Uint8Array): string | undefined {
  try {
    // What the cut leaves of a character at the end is no fault of the text.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(output.subarray(0, SUMMARY_CHARS * 4), {
      stream: true,
    })
    const trimmed = cut(text.trim(), SUMMARY_CHARS)
    return trimmed === '' || CONTROL.test(trimmed) ? undefined : trimmed
  } catch {
    return undefined
  }
}
