import { isId } from '../../model/ids.js'

const CAPTURE = '{swarm}'

/** Names of branches: `claude/{swarm}` has the swarm in the name, `claude/sip-*` has something that changes. */
export interface BranchPattern {
  readonly text: string
  readonly hasCapture: boolean
  /** What every branch of the pattern begins with: only such branches are fetched. */
  readonly prefix: string
}

/** What a branch may be called here: no option of git, no range, nothing that git itself refuses. */
const BRANCH = /^(?![./-])(?!.*(?:\.\.|\/\/|\/\.|\.lock(?:\/|$)|@\{))[A-Za-z0-9._/@+-]{1,200}(?<![./])$/

export function isBranchName(text: string): boolean {
  return BRANCH.test(text)
}

/** Undefined for what is no pattern: a branch name in which `*` and one `{swarm}` stand for parts without a slash. */
export function branchPattern(text: string): BranchPattern | undefined {
  const parts = text.split(CAPTURE)
  if (parts.length > 2 || !isBranchName(text.replaceAll(CAPTURE, 'x').replaceAll('*', 'x'))) return undefined
  const prefix = text.slice(0, Math.min(...[text.indexOf('*'), text.indexOf('{')].filter((at) => at >= 0), text.length))
  return { text, hasCapture: parts.length === 2, prefix }
}

/** Whether a branch fits, and the swarm that its name has in it. */
export function matchBranch(pattern: BranchPattern, branch: string): { readonly swarm?: string } | undefined {
  const match = expressionOf(pattern).exec(branch)
  if (match === null) return undefined
  const swarm = match.groups?.swarm
  if (swarm === undefined) return {}
  return isId(swarm) ? { swarm } : undefined
}

function expressionOf({ text }: BranchPattern): RegExp {
  const source = text
    .split(/(\*|\{swarm\})/)
    .map((part) => (part === '*' ? '[^/]*' : part === CAPTURE ? '(?<swarm>[^/]+)' : part.replace(/[.+]/g, '\\$&')))
    .join('')
  return new RegExp(`^${source}$`)
}
