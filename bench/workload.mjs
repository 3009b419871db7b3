const CAPABILITIES = ['code:typescript', 'data:storage', 'test:property', 'ops:ci', 'docs:writing', 'cli:ux']
const TIERS = ['haiku', 'sonnet', 'opus']
const IMPORT_TASKS = 10_000

/** A task without needs. */
export function plainTask(index) {
  return {
    id: `task-${index}`,
    title: `Task ${index}`,
    kind: 'primary',
    dependencies: [],
    requires: [],
    priority: 50,
    acceptance: [],
    milestones: [],
    keyTests: [],
    external: false,
  }
}

/** A task as boards have them: needs, tier, estimate, texts, and dependencies on earlier tasks of its group of ten. */
export function boardTask(index) {
  const inGroup = index % 10
  return {
    ...plainTask(index),
    title: `Make part ${index} of the system do what its users expect of it`,
    description: `Part ${index} takes what the parts before it made and turns it into something that can be shown. It is done when every criterion below holds and somebody else has looked at it.`,
    kind: index % 7 === 0 ? 'filler' : 'primary',
    dependencies: inGroup === 0 ? [] : [`task-${index - 1}`, ...(inGroup > 4 ? [`task-${index - 4}`] : [])],
    requires: [CAPABILITIES[index % 6], CAPABILITIES[(index * 5 + 1) % 6]],
    priority: (index * 13) % 101,
    estimateMinutes: 15 + (index % 12) * 15,
    tier: TIERS[index % 3],
    deliverable: `src/part-${index}`,
    acceptance: ['Every test passes', 'The reference describes it'],
    milestones: [25, 50, 75, 100].map((percent) => ({ percent, text: `${percent}% of part ${index}` })),
    keyTests: [`part-${index} keeps its promises`],
    board: 'bench',
  }
}

/** The same without dependencies: everything can be claimed at once, by those who qualify. */
export function mixedTask(index) {
  return { ...boardTask(index), dependencies: [] }
}

/** Puts tasks into a fabric, as imports do. */
export async function importTasks(fabric, count, makeTask) {
  for (let first = 0; first < count; first += IMPORT_TASKS) {
    const indexes = Array.from({ length: Math.min(IMPORT_TASKS, count - first) }, (_, offset) => first + offset)
    const tasks = indexes.map((index) => ({ spec: makeTask(index) }))
    await fabric.submit({ type: 'import_board', board: 'bench', tasks, dryRun: false }, { actor: 'admin' })
  }
}

/** Registers swarms that qualify for everything; resolves with their names. */
export async function registerSwarms(fabric, count, capacity) {
  const names = Array.from({ length: count }, (_, index) => `swarm-${index}`)
  const register = (swarm) =>
    fabric.submit(
      { type: 'register_swarm', swarm, capabilities: CAPABILITIES, tier: 'opus', capacity, metadata: {} },
      { actor: 'admin' },
    )
  await Promise.all(names.map(register))
  return names
}
