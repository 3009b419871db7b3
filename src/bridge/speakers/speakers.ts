import { swarmOfStem } from '../../board/status-file.js'
import { isId } from '../../model/ids.js'
import { type BranchPattern, branchPattern, matchBranch } from './branch-pattern.js'

/** Which branches may speak for which swarms. */
export interface SpeakerRule {
  readonly pattern: BranchPattern
  /** Swarms that such a branch may speak for; none where the name of the branch says it. */
  readonly swarms: readonly string[]
}

/** The swarms that a branch may speak for: those of the first rule that it fits; undefined where it fits none. */
export function swarmsOf(branch: string, rules: readonly SpeakerRule[]): readonly string[] | undefined {
  for (const { pattern, swarms } of rules) {
    const match = matchBranch(pattern, branch)
    if (match !== undefined) return match.swarm === undefined ? swarms : [match.swarm]
  }
  return undefined
}

/** `claude/{swarm}`, or `claude/sip-*=session-4-sip`; undefined for what is neither. */
export function readRule(text: string): SpeakerRule | undefined {
  const at = text.lastIndexOf('=')
  const pattern = branchPattern(at < 0 ? text : text.slice(0, at))
  const swarms = at < 0 ? [] : text.slice(at + 1).split(',')
  // Without either, whoever may push could speak for anybody.
  return pattern === undefined || pattern.hasCapture === at >= 0 || !swarms.every(isId)
    ? undefined
    : { pattern, swarms }
}

const STATUS_FILE = /^STATUS(?:[-_](.+))?\.(?:ya?ml|json)$/i

export function isStatusFile(name: string): boolean {
  return STATUS_FILE.test(name)
}

/**
 * The swarm of a file, out of those that its branch may speak for: what it says it is, else what it is called, else the
 * only one. Undefined for one that speaks for somebody else.
 */
export function speakerOf(name: string, stated: string | undefined, allowed: readonly string[]): string | undefined {
  const [, stem] = STATUS_FILE.exec(name) ?? []
  const claimed = stated ?? (stem === undefined ? undefined : swarmOfStem(stem))
  if (claimed === undefined) return allowed.length === 1 ? allowed[0] : undefined
  return allowed.find((swarm) => swarm === claimed) ?? allowed.find((swarm) => isSame(swarm, claimed))
}

function isSame(swarm: string, claimed: string): boolean {
  return swarm.toLowerCase() === claimed.toLowerCase()
}
