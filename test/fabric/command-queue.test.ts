import { describe, expect, test } from 'vitest'
import type { Pending } from '../../src/fabric/command-batch.js'
import { CommandQueue } from '../../src/fabric/command-queue.js'

function pending(name: string): Pending {
  const nobody = () => undefined
  return { work: { type: 'retry_task', task: name }, origin: { actor: name }, resolve: nobody, reject: nobody }
}

function names(list: readonly Pending[]): string[] {
  return list.map(({ origin }) => origin.actor)
}

describe('the command queue', () => {
  test('gives what came first, first, and keeps what was not taken', () => {
    const queue = new CommandQueue()
    for (const name of ['a', 'b', 'c']) queue.push(pending(name), false)
    expect(names(queue.next(2))).toEqual(['a', 'b'])
    queue.drop(1)
    expect(names(queue.next(9))).toEqual(['b', 'c'])
    expect(queue.length).toBe(2)
  })

  test('commands of flooding callers take at most 32 places of a batch while others wait', () => {
    const queue = new CommandQueue()
    for (let at = 0; at < 100; at += 1) queue.push(pending(`flood-${at}`), true)
    queue.push(pending('a'), false)
    const offered = names(queue.next(1_024))
    expect(offered[0]).toBe('a')
    expect(offered).toHaveLength(33)
    queue.drop(33)
    expect(queue.length).toBe(68)
    // Nobody waits any more: they get all the room there is.
    expect(names(queue.next(1_024))).toHaveLength(68)
  })

  test('a drop in the middle takes from both lanes in order', () => {
    const queue = new CommandQueue()
    queue.push(pending('a'), false)
    queue.push(pending('x'), true)
    queue.push(pending('y'), true)
    queue.next(10)
    queue.drop(2)
    expect(names(queue.next(10))).toEqual(['y'])
  })

  test('takes out one command by its place in what was offered', () => {
    const queue = new CommandQueue()
    queue.push(pending('a'), false)
    queue.push(pending('x'), true)
    queue.push(pending('b'), false)
    queue.next(10)
    expect(queue.remove(2)?.origin.actor).toBe('x')
    queue.next(10)
    expect(queue.remove(0)?.origin.actor).toBe('a')
    expect(names(queue.takeAll())).toEqual(['b'])
    expect(queue.length).toBe(0)
  })
})
