import type { GuestLogLine } from '../chassis/host-calls/guest-log.js'
import type { RunEnd, RunReport } from '../chassis/sandbox/run.js'
import { escapeControlsInLines } from '../model/escape-controls.js'
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

/** An output that is text and no longer than this stands in the entry; any other is a blob. */
const SHORT_CHARS = 1_000
const SUMMARY_CHARS = 500
/** Beyond newline and tab. */
const CONTROL = /[^\P{Cc}\n\t]/u

/** The text of an output that can stand in an entry as it is: none with characters that hide text or turn its direction. */
export function shortText(output: Uint8Array): string | undefined {
  if (output.length > SHORT_CHARS * 4) return undefined
  const text = textOf(output)
  const canStand = text !== undefined && text.length <= SHORT_CHARS && escapeControlsInLines(text) === text
  return canStand ? text : undefined
}

/** `blob` is the name of the output, where it does not stand in the entry itself. */
export function outcomeOf(report: RunReport, lines: readonly GuestLogLine[], blob: string | undefined): Outcome {
  const { end, output } = report
  if (end === 'cancelled') return { kind: 'none' }
  if (end !== 'completed') {
    // A module that asked others got answers that may be different the next time.
    return { kind: 'fail', reason: reasonOf(report, end, lines), retry: PASSING.has(end) || report.hostCalls > 0 }
  }
  const text = shortText(output)
  const summary = textOf(output.subarray(0, SUMMARY_CHARS * 4))
  return {
    kind: 'complete',
    evidence: [
      { kind: 'note', text: costText(report) },
      ...(blob === undefined ? [] : [{ kind: 'file', path: 'output', sha256: blob } as const]),
      ...(text === undefined ? [] : [{ kind: 'note', text: `Its output:\n${text}` } as const]),
      ...(lines.length === 0 ? [] : [{ kind: 'note', text: `Its log:\n${logText(lines)}` } as const]),
    ],
    ...(summary !== undefined && { summary: cut(escapeControlsInLines(summary), SUMMARY_CHARS) }),
  }
}

function reasonOf(
  { message, code }: RunReport,
  end: Exclude<RunEnd, 'completed' | 'cancelled'>,
  lines: readonly GuestLogLine[],
): string {
  const gave = end === 'failed' && code !== undefined ? ` (code ${code})` : ''
  // Of a module's own word there is nothing more to say than its number.
  const said = message === undefined || end === 'failed' ? '' : `: ${message}`
  const log = lines.length === 0 ? '' : `\nIts log:\n${logText(lines)}`
  return cut(`${REASONS[end]}${gave}${said}${log}`, LIMITS.noteChars)
}

/** The end of a log: what happened last says most. */
function logText(lines: readonly GuestLogLine[]): string {
  const shown: string[] = []
  let chars = 0
  for (const { level, text } of [...lines].reverse()) {
    const line = `${level}: ${cut(text, SUMMARY_CHARS)}`
    chars += line.length + 1
    if (chars > SHORT_CHARS) break
    shown.unshift(line)
  }
  return shown.join('\n')
}

function costText({ fuel, memoryBytes, wallMs, cpuMs, hostCalls, jail }: RunReport): string {
  const used = `${fuel} fuel, ${memoryBytes} bytes of memory, ${Math.ceil(wallMs)} ms (${Math.ceil(cpuMs)} ms of processor time)`
  return `Its module ended well: ${used}, ${counted(hostCalls)}, jail ${jail}.`
}

/** Undefined for what is no text, or blank. */
function textOf(bytes: Uint8Array): string | undefined {
  try {
    // What a cut leaves of a character at the end is no fault of the text.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true }).trim()
    return text === '' || CONTROL.test(text) ? undefined : text
  } catch {
    return undefined
  }
}

function counted(calls: number): string {
  return calls === 1 ? '1 host call' : `${calls} host calls`
}
