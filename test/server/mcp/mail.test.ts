import { expect, test } from 'vitest'
import type { FabricOperations } from '../../../src/client/client.js'
import { FabricError } from '../../../src/model/errors.js'
import type { MessageView } from '../../../src/operations/views.js'
import { heartbeat } from '../../../src/server/mcp/claim-tools.js'
import { stopsIn } from '../../../src/server/mcp/mail.js'
import type { ToolContext } from '../../../src/server/mcp/tool.js'
import { waitForWork } from '../../../src/server/mcp/wait-for-work.js'

function message(index: number, kind: MessageView['kind'], task?: string): MessageView {
  const text = `${kind} ${index}`
  return { index, kind, from: 'admin', at: '2026-01-01T00:00:00.000Z', text, ...(task !== undefined && { task }) }
}

test('messages say which tasks to stop, until a later one says to go on', () => {
  const messages = [
    message(1, 'claim_stopped', 'A'),
    message(2, 'claim_lost', 'B'),
    message(3, 'direct', 'C'),
    message(4, 'claim_resumed', 'A'),
    message(5, 'claim_stopped', 'D'),
    message(6, 'claim_lost'),
  ]
  expect(stopsIn(messages)).toEqual([
    { task: 'B', reason: 'claim_lost 2' },
    { task: 'D', reason: 'claim_stopped 5' },
  ])
})

/** A fabric that takes words of a holder and then goes away. */
function goingAway(offer: object): ToolContext {
  const gone = () => Promise.reject(new FabricError('UNAVAILABLE', 'Gone.'))
  const fabric = {
    task: {
      next: async () => offer,
      heartbeat: async () => ({ task: 'A', swarm: 'alice', epoch: 7, leaseEndsAt: 'soon', unread: 2 }),
    },
    inbox: { read: gone, acknowledge: gone },
  } as unknown as FabricOperations
  return { fabric, signal: new AbortController().signal, swarm: () => 'alice' }
}

test('what was claimed or renewed is answered though the messages cannot be read', async () => {
  const claim = { task: 'A', swarm: 'alice', epoch: 7, leaseMs: 1, leaseEndsAt: 'soon', reclaimed: false }
  const claimed = goingAway({ kind: 'primary', claim })
  expect(await waitForWork.run(claimed, { waitSeconds: 1, claim: true })).toMatchObject({ epoch: 7, messages: [] })
  expect(await heartbeat.run(claimed, { task: 'A', epoch: 7 })).toMatchObject({ leaseEndsAt: 'soon', unread: 2 })
})

test('a call that found nothing, or acknowledges in vain, says that messages cannot be read', async () => {
  const context = goingAway({ kind: 'none' })
  const unavailable = { code: 'UNAVAILABLE' }
  await expect(waitForWork.run(context, { waitSeconds: 1, claim: true })).rejects.toMatchObject(unavailable)
  await expect(heartbeat.run(context, { task: 'A', epoch: 7, acknowledge: 1 })).rejects.toMatchObject(unavailable)
})
