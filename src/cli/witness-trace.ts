import { Option } from 'commander'
import type { FabricClient } from '../client/client.js'
import type { TraceNodeView, TraceView } from '../operations/witness-trace.js'
import { type Answer, answer } from './answer.js'
import type { CliCommand } from './command.js'
import { id } from './option-values.js'
import { counted, formatTime } from './text.js'

/** How it came to something. */
export function addWitnessTrace(group: CliCommand): void {
  group
    .command('trace')
    .description('show everything that led to a task, a swarm or what a traced request wrote, as a tree')
    .argument('<id>', 'id of a task or swarm, or 32 digits of a trace id, or a traceparent', id)
    .addOption(new Option('--task', 'it is a task').conflicts(['swarm', 'trace']))
    .addOption(new Option('--swarm', 'it is a swarm').conflicts(['task', 'trace']))
    .addOption(new Option('--trace', 'it is a trace id').conflicts(['task', 'swarm']))
    .example('ifab witness trace P0.1.2')
    .asks(showTrace)
}

type Kind = TraceView['kind']

async function showTrace(fabric: FabricClient, id: string, options: { [kind in Kind]?: boolean }): Promise<Answer> {
  const as = KINDS.find((kind) => options[kind] === true)
  const trace = await fabric.witness.trace({ id, as })
  return answer(trace, [...treeLines(trace.root), ...notes(trace)])
}

const KINDS = ['task', 'swarm', 'trace'] as const satisfies readonly Kind[]

function notes({ id, also, complete }: TraceView): string[] {
  const others = also.map((kind) => `There is also a ${kind} of this name: ifab witness trace ${id} --${kind}`)
  const missing = complete ? [] : ['This is not everything: what is missing is named where it belongs.']
  return others.length + missing.length === 0 ? [] : ['', ...others, ...missing]
}

/** One line for each node, drawn as a tree. */
export function treeLines(root: TraceNodeView): string[] {
  const lines = [nodeText(root)]
  drawBelow(root, '', lines)
  return lines
}

function drawBelow({ children, leftOut = 0 }: TraceNodeView, indent: string, lines: string[]): void {
  const last = children.length - 1
  children.forEach((child, position) => {
    const isLast = position === last && leftOut === 0
    lines.push(`${indent}${isLast ? '└─ ' : '├─ '}${nodeText(child)}`)
    drawBelow(child, `${indent}${isLast ? '   ' : '│  '}`, lines)
  })
  if (leftOut > 0) lines.push(`${indent}└─ (${counted(leftOut, 'more line')} left out: the tree has as many as it may)`)
}

function nodeText({ index, at, actor, text }: TraceNodeView): string {
  return index === undefined ? text : `#${index} ${formatTime(at ?? '')} ${actor} ${text}`
}
