import { expect, test } from 'vitest'
import { FabricError } from '../../src/model/errors.js'
import type { Outbox } from '../../src/server/socket/outbox.js'
import { Reading } from '../../src/server/socket/reading.js'
import { makeRegistration } from '../../src/testing/factories.js'
import { openTestFabric } from '../../src/testing/test-fabric.js'
import { until } from '../support/served-fabric.js'

/** Takes what is sent, and says so when the test does. */
class SlowOutbox {
  readonly texts: string[] = []
  readonly #waiting: (() => void)[] = []

  readonly send = (message: { message?: { text: string } }, onTaken?: () => void) => {
    this.texts.push(message.message?.text ?? 'stop')
    if (onTaken !== undefined) this.#waiting.push(onTaken)
  }

  take(): void {
    for (const taken of this.#waiting.splice(0)) taken()
  }
}

async function openInbox(size: number) {
  const { fabric } = await openTestFabric()
  const origin = { actor: 'admin' }
  await fabric.submit(makeRegistration('w1'), origin)
  const send = (text: string) => fabric.submit({ type: 'send_message', to: 'w1', text }, origin)
  for (let number = 0; number < size; number += 1) await send(String(number))
  const outbox = new SlowOutbox()
  const reading = new Reading(fabric, outbox as unknown as Outbox, 'w1', -1)
  return { fabric, send, outbox, look: () => fabric.read((state) => reading.onMail(state)) }
}

test('no more is on the way than the client takes', async () => {
  const { fabric, outbox, look } = await openInbox(150)
  await look()
  expect(outbox.texts).toHaveLength(64)
  await look()
  expect(outbox.texts).toHaveLength(64)
  outbox.take()
  await until(() => outbox.texts.length === 128)
  outbox.take()
  await until(() => outbox.texts.length === 150)
  outbox.take()
  await look()
  expect(outbox.texts).toEqual(Array.from({ length: 150 }, (_, number) => String(number)))
  await fabric.close()
})

test('what arrives while something is on the way follows when that is taken', async () => {
  const { fabric, send, outbox, look } = await openInbox(1)
  await look()
  await send('late')
  await look()
  expect(outbox.texts).toEqual(['0'])
  outbox.take()
  await until(() => outbox.texts.length === 2)
  expect(outbox.texts).toEqual(['0', 'late'])
  await fabric.close()
})

test('a fabric that stopped ends the reading without a fault', async () => {
  const { fabric, send, outbox, look } = await openInbox(1)
  await look()
  await send('late')
  await look()
  await fabric.close()
  outbox.take()
  await expect(look()).rejects.toThrow(FabricError)
  expect(outbox.texts).toEqual(['0'])
})
