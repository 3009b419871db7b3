import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { CommandOf, CommandType, Replies } from '../../../src/coordinator/commands.js'
import type { Fabric } from '../../../src/fabric/fabric.js'
import { openFabric } from '../../../src/fabric/open.js'
import { ADMIN_ACTOR } from '../../../src/model/entry.js'
import { makeRegistration, makeTask } from '../../../src/testing/factories.js'
import { rowsOf } from '../../fabric/fixture.js'
import { describeWithNats, NatsServer } from '../../support/nats-server.js'
import { type NatsPlace, natsPlace } from './place.js'

describeWithNats('A fabric over NATS', () => {
  let server: NatsServer
  let place: NatsPlace
  const fabrics: Fabric[] = []
  const faults: unknown[] = []

  beforeEach(async () => {
    server = await NatsServer.start()
    place = await natsPlace([server.address])
  })
  afterEach(async () => {
    await Promise.all(fabrics.splice(0).map((fabric) => fabric.close()))
    await server.dispose()
    await place.dispose()
    expect(faults.splice(0)).toEqual([])
  })

  async function open(node = 'one', timeoutMs = 8_000): Promise<Fabric> {
    const fabric = await openFabric({
      journal: place.journal({ directory: join(place.directory, node), timeoutMs }),
      snapshotEvery: 20,
      report: (error) => void faults.push(error),
    })
    fabrics.push(fabric)
    return fabric
  }

  function send<Type extends CommandType>(fabric: Fabric, command: CommandOf<Type>): Promise<Replies[Type]> {
    return fabric.submit(command, { actor: ADMIN_ACTOR })
  }

  test('goes on after its server was killed, and has everything when it is opened again', async () => {
    const fabric = await open()
    await send(fabric, makeRegistration('s1'))
    await Promise.all(
      Array.from({ length: 50 }, (_, id) => send(fabric, { type: 'create_task', task: makeTask(`t${id}`) })),
    )
    await server.kill()
    const claim = send(fabric, { type: 'claim_task', task: 't7', swarm: 's1' })
    await server.restart()
    expect((await claim).swarm).toBe('s1')
    const rows = await rowsOf(fabric)
    await fabric.close()
    const again = await open()
    expect((await again.status()).journal).toMatchObject({ driver: 'nats', state: 'open' })
    expect(await rowsOf(again)).toEqual(rows)
  })

  test('is refused what it cannot write for long, and goes on when the server is there again', async () => {
    const fabric = await open('one', 500)
    await send(fabric, makeRegistration('s1'))
    await send(fabric, { type: 'create_task', task: makeTask('t1') })
    await server.kill()
    const claim = { type: 'claim_task', task: 't1', swarm: 's1' } as const
    await expect(send(fabric, claim)).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
    await expect(send(fabric, claim)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await server.restart()
    await expect.poll(() => send(fabric, claim).catch(() => undefined), { timeout: 15_000 }).toBeDefined()
    expect((await fabric.status()).state).toBe('running')
    expect(faults.splice(0)).toMatchObject([{ code: 'UNAVAILABLE' }])
  })

  test('of two processes that both decide, one claims a task, and the other learns of it', async () => {
    const [one, two] = [await open('one'), await open('two')]
    await send(two, makeRegistration('s1'))
    await send(two, makeRegistration('s2'))
    await send(two, { type: 'create_task', task: makeTask('t1') })
    const claim = (fabric: Fabric, swarm: string) => send(fabric, { type: 'claim_task', task: 't1', swarm })
    const { epoch } = await claim(two, 's2')
    // The first one decides by a state of before, until it is fenced and reads what it missed.
    await expect(send(one, makeRegistration('s3'))).rejects.toMatchObject({ code: 'FENCED', retryable: true })
    await expect(claim(one, 's1')).rejects.toMatchObject({ code: 'ALREADY_CLAIMED', details: { liveEpoch: epoch } })
    await expect(send(one, makeRegistration('s3'))).resolves.toBeDefined()
  })
})
