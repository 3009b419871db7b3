import type { FabricClient } from '../client/client.js'
import { type PlannedMilestone, TASK_KINDS, TASK_STATES, type TaskKind, type TaskState } from '../model/task.js'
import { answer } from './answer.js'
import type { CliCommand } from './command.js'
import { choice, dollars, estimate, id, list, plannedMilestone, repeated, wholeNumber } from './option-values.js'
import { addPageOptions, type PageOptions, pageLines } from './page.js'
import { detailLines, taskLines } from './task-text.js'

export function addTaskCommands(program: CliCommand): void {
  const task = program.command('task').description('create, list, show, cancel and retry tasks')
  addCreate(task)
  addList(task)
  task
    .command('show')
    .description('show a task with its claim, progress, blockers, dependencies and dependents')
    .argument('<task>', 'id of the task', id)
    .example('ifab task show P0.1.2')
    .asks(async (fabric, id: string) => {
      const detail = await fabric.task.show({ task: id })
      return answer(detail, detailLines(detail))
    })
  task
    .command('cancel')
    .description('cancel a task')
    .argument('<task>', 'id of the task', id)
    .option('--reason <text>', 'why')
    .option('--cascade', 'also cancel every task that depends on it')
    .example('ifab task cancel P0.1.2 --reason "superseded by P0.2.1"')
    .asks(cancel)
  task
    .command('retry')
    .description('make a failed task claimable again')
    .argument('<task>', 'id of the task', id)
    .example('ifab task retry P0.1.2')
    .asks(async (fabric, id: string) => {
      const row = await fabric.task.retry({ task: id })
      return answer(row, `${row.id} is ${row.state}.`)
    })
}

interface CreateOptions {
  readonly title: string
  readonly description?: string
  readonly deps?: string[]
  readonly requires?: string[]
  readonly priority?: number
  readonly estimate?: number
  readonly tier?: string
  readonly kind?: TaskKind
  readonly deliverable?: string
  readonly accept?: string[]
  readonly milestone?: PlannedMilestone[]
  readonly keyTest?: string[]
  readonly board?: string
  readonly owner?: string
  readonly module?: string
  readonly maxCost?: number
  readonly external?: boolean
  readonly as?: string
}

function addCreate(task: CliCommand): void {
  task
    .command('create')
    .description('create a task')
    .argument('<id>', 'id of the new task', id)
    .requiredOption('--title <text>', 'what is to be done, in one line')
    .option('--description <text>', 'the same at length')
    .option('--deps <ids>', 'tasks that must be completed first, as A,B', list)
    .option('--requires <capabilities>', 'what a swarm must be able to do, as code:rust,net:sip', list)
    .option('--priority <number>', '0 to 100, higher goes first (default: 50)', wholeNumber)
    .option('--estimate <time>', 'how long it takes, such as 2h or 30m', estimate)
    .option('--tier <tier>', 'smallest model tier that can do it: haiku, sonnet, opus or your own')
    .option('--kind <kind>', `${TASK_KINDS.join(' or ')} (default: primary)`, choice(TASK_KINDS))
    .option('--deliverable <text>', 'what there is when it is done')
    .option('--accept <text>', 'an acceptance criterion; repeat for more', repeated)
    .option('--milestone <percent=text>', 'what 25, 50, 75 or 100 percent means; repeat for more', plannedMilestone)
    .option('--key-test <name>', 'a test that proves it; repeat for more', repeated)
    .option('--board <board>', 'board it belongs to', id)
    .option('--owner <swarm>', 'swarm that is offered it first', id)
    .option('--module <swarm>', 'swarm whose loaded module does it: the fabric runs that module itself', id)
    .option('--max-cost <dollars>', 'the most it may cost', dollars)
    .option('--external', 'work outside this fabric: nobody claims it, a person marks it done')
    .option('--as <swarm>', 'swarm that you speak for', id)
    .example('ifab task create P0.1.2 --title "Atomic claims" --deps P0.1.1 --requires code:typescript --estimate 2h')
    .asks(create)
}

async function create(fabric: FabricClient, id: string, options: CreateOptions) {
  const row = await fabric.task.create({
    id,
    title: options.title,
    description: options.description,
    dependencies: options.deps,
    requires: options.requires,
    priority: options.priority,
    estimateMinutes: options.estimate,
    tier: options.tier,
    kind: options.kind,
    deliverable: options.deliverable,
    acceptance: options.accept,
    milestones: options.milestone,
    keyTests: options.keyTest,
    board: options.board,
    owner: options.owner,
    module: options.module,
    maxCostNanos: options.maxCost,
    external: options.external,
    as: options.as,
  })
  const open = row.openDependencies
  const wait = open > 0 ? `, waiting for ${open} ${open === 1 ? 'dependency' : 'dependencies'}` : ''
  return answer(row, `Created ${row.id}: ${row.state}${wait}.`)
}

interface ListOptions extends PageOptions {
  readonly state?: TaskState
  readonly kind?: TaskKind
  readonly board?: string
  readonly swarm?: string
  readonly stuck?: boolean
}

function addList(task: CliCommand): void {
  const command = task
    .command('list')
    .description('list tasks, in order of their ids')
    .option('--state <state>', TASK_STATES.join(', '), choice(TASK_STATES))
    .option('--kind <kind>', TASK_KINDS.join(' or '), choice(TASK_KINDS))
    .option('--board <board>', 'only tasks of this board', id)
    .option('--swarm <swarm>', 'only tasks that this swarm holds', id)
    .option('--stuck', 'only claimed tasks with an open blocker')
    .example('ifab task list --state available --limit 20')
  addPageOptions(command).asks(async (fabric: FabricClient, options: ListOptions) => {
    const { state, kind, board, swarm, stuck, limit, cursor } = options
    const page = await fabric.task.list({ state, kind, board, swarm, stuck, limit, cursor })
    return answer(page, pageLines(page, taskLines, 'No such tasks.'))
  })
}

async function cancel(fabric: FabricClient, id: string, options: { reason?: string; cascade?: boolean }) {
  const { reason, cascade } = options
  const report = await fabric.task.cancel({ task: id, reason, cascade })
  const lines = [`Cancelled ${report.cancelled.join(', ') || id}.`]
  if (report.strandedDependents.length > 0) {
    lines.push(`These now wait for something that will never come: ${report.strandedDependents.join(', ')}.`)
    lines.push('Cancel them too (--cascade), or import a board that no longer depends on it.')
  }
  return answer(report, lines)
}
