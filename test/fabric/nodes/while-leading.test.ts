import { describe, expect, test } from 'vitest'
import { whileLeading } from '../../../src/fabric/nodes/while-leading.js'
import { TestNodes } from '../../../src/testing/test-nodes.js'

describe('what runs while a node leads', () => {
  test('runs on that node alone, and moves with the lead', async () => {
    await using all = await TestNodes.open()
    const log: string[] = []
    const runs = await Promise.all(
      all.nodes.map(({ id, fabric }) =>
        whileLeading({
          fabric,
          start: async () => {
            log.push(`${id} starts`)
            return { close: async () => void log.push(`${id} ends`) }
          },
          report: (error) => log.push(String(error)),
        }),
      ),
    )
    expect(log).toEqual(['n1 starts'])
    all.node('n1').partition()
    await all.advance(4_000)
    const [first, ended, next] = log
    expect([first, ended]).toEqual(['n1 starts', 'n1 ends'])
    expect(next).toBe(`${all.leader.id} starts`)
    for (const running of runs) await running.close()
    expect(log.at(-1)).toBe(`${all.leader.id} ends`)
  })

  test('runs at once where one process has the journal to itself, and a start that fails is thrown', async () => {
    const start = async () => {
      throw new Error('no mail server')
    }
    await expect(whileLeading({ fabric: {}, start, report: () => {} })).rejects.toThrow('no mail server')
  })
})
