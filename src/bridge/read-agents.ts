import { isFabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import type { Branch, Repository } from './git/repository.js'
import { isPlainFile, type TreeEntry } from './git/tree.js'
import type { BridgeMemory } from './memory.js'
import type { BridgeConfig } from './speakers/bridge-config.js'
import { isStatusFile, speakerOf, swarmsOf } from './speakers/speakers.js'
import { readStatus, type StatusReading } from './status/read-status.js'

/** A swarm as its branch shows it. */
export interface AgentSight {
  readonly swarm: string
  readonly branch: Branch
  /** Absent where the branch has no status file of it. */
  readonly file?: { readonly name: string; readonly blob: string; readonly reading: StatusReading }
  readonly notRead: readonly string[]
}

export interface Sights {
  /** Those whose branch has moved, in the order of their commits: who was first is heard first. */
  readonly moved: readonly AgentSight[]
  /** Swarms that have a branch, moved or not. */
  readonly present: ReadonlySet<string>
  /** What could not be read this time, for whoever runs the bridge. */
  readonly faults: readonly string[]
}

export interface ReadingOptions {
  readonly repository: Repository
  readonly config: Pick<BridgeConfig, 'agents' | 'branch'>
  readonly branches: readonly Branch[]
  readonly memory: BridgeMemory
}

/** Looks at the branches of agents. Where several may speak for a swarm, the one with the newest commit does. */
export async function readAgents({ repository, config, branches, memory }: ReadingOptions): Promise<Sights> {
  const moved: AgentSight[] = []
  const present = new Set<string>()
  const faults: string[] = []
  for (const branch of branches) {
    const allowed = branch.name === config.branch ? undefined : swarmsOf(branch.name, config.agents)
    const left = allowed?.filter((swarm) => !present.has(swarm)) ?? []
    if (allowed === undefined || left.length === 0) continue
    if (left.every((swarm) => hasSeen(memory, swarm, branch))) {
      for (const swarm of left) present.add(swarm)
      continue
    }
    try {
      for (const sight of await readBranch(repository, branch, allowed)) {
        if (present.has(sight.swarm)) continue
        if (present.size >= LIMITS.bridgeAgents) faults.push(`${branch.name}: more than ${LIMITS.bridgeAgents} agents`)
        else {
          present.add(sight.swarm)
          if (!hasSeen(memory, sight.swarm, branch)) moved.push(sight)
        }
      }
    } catch (error) {
      // One branch that cannot be read must not keep the others from being heard.
      if (!isFabricError(error, 'UNAVAILABLE')) throw error
      faults.push(`${branch.name}: ${error.message}`)
      for (const swarm of left) if (memory.has(swarm)) present.add(swarm)
    }
  }
  moved.sort((a, b) => a.branch.committedAt - b.branch.committedAt || (a.swarm < b.swarm ? -1 : 1))
  return { moved, present, faults }
}

function hasSeen(memory: BridgeMemory, swarm: string, { name, commit }: Branch): boolean {
  const known = memory.get(swarm)
  return known?.branch === name && known.commit === commit
}

type FoundFile = NonNullable<AgentSight['file']>

async function readBranch(repository: Repository, branch: Branch, allowed: readonly string[]): Promise<AgentSight[]> {
  const entries = (await repository.root(branch.commit)).filter(({ name }) => isStatusFile(name))
  const files = new Map<string, FoundFile>()
  const notRead: string[] = []
  for (const entry of entries.slice(0, LIMITS.listItems)) {
    if (!isPlainFile(entry)) {
      notRead.push(`${shown(entry)} is no plain file: links and directories are not followed.`)
      continue
    }
    const reading = await readEntry(repository, entry)
    const swarm = speakerOf(entry.name, reading.status?.swarm, allowed)
    if (swarm === undefined) notRead.push(`${shown(entry)} speaks for a swarm that this branch may not speak for.`)
    else if (files.has(swarm)) notRead.push(`${shown(entry)} is a second file of ${swarm}; the first one counts.`)
    else files.set(swarm, { name: entry.name, blob: entry.hash, reading })
  }
  const told = notRead.slice(0, LIMITS.statusProblems)
  return allowed.flatMap((swarm): AgentSight[] => {
    const file = files.get(swarm)
    if (file === undefined && told.length === 0) return []
    return [{ swarm, branch, notRead: told, ...(file && { file }) }]
  })
}

async function readEntry(repository: Repository, entry: TreeEntry): Promise<StatusReading> {
  if ((entry.size ?? 0) > LIMITS.statusFileBytes) {
    return { problems: [{ line: 1, problem: `The file is too large: ${LIMITS.statusFileBytes} bytes are read.` }] }
  }
  return readStatus(entry.name, await repository.readBlob(entry.hash, LIMITS.statusFileBytes))
}

/** A name of a file comes from its agent. */
function shown({ name }: TreeEntry): string {
  return name.replace(/[^ -~]/g, '?').slice(0, SHOWN_CHARS)
}

const SHOWN_CHARS = 120
