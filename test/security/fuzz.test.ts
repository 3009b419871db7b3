import { describe, expect, test } from 'vitest'
import { ROLES } from '../../src/model/principal.js'
import { OPERATION_LIST } from '../../src/operations/table.js'
import { openApiDocument } from '../../src/server/openapi/document.js'
import type { ResponseObject } from '../../src/server/openapi/types.js'
import { DescribedApi, type DescribedOperation, pointerOf } from '../support/described-api.js'
import { Dice } from './fuzz/dice.js'
import { buildTarget } from './fuzz/places.js'
import { RequestMaker } from './fuzz/requests.js'
import { type Answer, Wire } from './fuzz/send.js'

/** `FUZZ_SEED=<number> FUZZ_ROUNDS=<number>` look for what the usual run does not find. */
const SEED = Number(process.env.FUZZ_SEED ?? 20_260_101)
const ROUNDS = Number(process.env.FUZZ_ROUNDS ?? 20)

const document = openApiDocument(OPERATION_LIST)
const api = new DescribedApi(document)
// A stream of events has no end.
const operations = api.operations.filter(({ path }) => path !== '/v1/events')
const resources = [...new Set(operations.map(({ operation }) => operation.tags[0] ?? ''))]

describe('whatever is sent', () => {
  test.each(resources)('to operations of %s, it gets an answer that is described', async (resource) => {
    const seed = SEED + resources.indexOf(resource)
    const dice = new Dice(seed)
    const maker = new RequestMaker(document, dice, seed)
    const succeeded = new Set<string>()
    await using target = await buildTarget()
    using wire = new Wire(target.served.server.url)
    const chosen = operations.filter(({ operation }) => operation.tags.includes(resource))
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const described of chosen) {
        // At first what should succeed, then anything by anybody.
        const plain = round < target.places.length
        const role = plain ? 'admin' : dice.oneOf(ROLES)
        const place = round === 0 ? await target.freshPlace() : plain ? target.places[round] : dice.oneOf(target.places)
        const draft = maker.make(described, place ?? {}, plain)
        const answer = await wire.send(described.method.toUpperCase(), described.path, draft, target.tokens[role])
        const { operationId } = described.operation
        const context = `${operationId} as ${role}, round ${round}: ${JSON.stringify(draft).slice(0, 2_000)}`
        expect(faultsOf(described, answer), context).toEqual([])
        if (answer.status === 200) succeeded.add(operationId)
      }
    }
    expect(target.served.faults).toEqual([])
    expect((await target.served.client.fabric.status()).state).toBe('running')
    // Requests that never get past the first check would show little.
    const never = chosen.map(({ operation }) => operation.operationId).filter((name) => !succeeded.has(name))
    expect(never).toEqual([])
  })
})

/** What is not as the document says. */
function faultsOf({ operation, pointer }: DescribedOperation, { status, type = '', text }: Answer): string[] {
  if (status >= 500) return [`${status} ${text}`]
  const response = operation.responses[status]
  if (response === undefined) return [`${status} is not described: ${text}`]
  if (status === 304) return text === '' ? [] : ['304 with a body']
  const place = '$ref' in response ? response.$ref.slice(1) : pointer + pointerOf('responses', status)
  const { content = {} } = (
    '$ref' in response ? document.components.responses[place.split('/').at(-1) ?? ''] : response
  ) as ResponseObject
  if (!Object.hasOwn(content, type)) return [`${status} with the type ${type}`]
  return api.faults(place + pointerOf('content', type, 'schema'), type.endsWith('json') ? JSON.parse(text) : text)
}
