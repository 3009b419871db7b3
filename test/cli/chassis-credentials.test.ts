import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ServedFabric, serveFabric, TOKEN } from '../support/served-fabric.js'
import { ifab } from './console.js'

let served: ServedFabric
beforeAll(async () => {
  served = await serveFabric()
  await served.client.swarm.register({ swarm: 'tokenizer', capacity: 4 })
  await served.client.task.create({ id: 'tokens', title: 'Count tokens' })
})
afterAll(() => served[Symbol.asyncDispose]())

const run = (...argv: string[]) => {
  return ifab({ IFAB_URL: served.server.url, IFAB_TOKEN: TOKEN }, 'chassis', 'credentials', ...argv)
}

async function say(...argv: string[]): Promise<string> {
  const { exit, out, err } = await run(...argv)
  expect({ exit, err }).toEqual({ exit: 0, err: '' })
  return out.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ/g, 'TIME').replace(/credential-\d+/g, 'ID')
}

/** Ids of what is listed. */
async function listed(...argv: string[]): Promise<string[]> {
  const { out } = await run('list', ...argv, '--json')
  return JSON.parse(out).items.map(({ id }: { readonly id: string }) => id)
}

test('ifab chassis credentials gives rights to the holder of a task, lists, rotates and revokes them', async () => {
  expect(await say('list')).toBe('No credentials. Issue one: ifab chassis credentials issue TASK --to URL\n')
  const free = await run('issue', 'tokens', '--to', 'https://api.example.com')
  expect(free.err).toContain('Nobody has claimed tokens')
  expect(free.exit).not.toBe(0)

  const { epoch } = await served.client.task.claim({ task: 'tokens', as: 'tokenizer' })
  const wanted = ['--to', 'https://API.example.com/v1/', '--to', 'http://127-0-0-1.example.com:8080', '--method']
  expect(await say('issue', 'tokens', ...wanted, 'get,POST')).toBe(
    [
      'ID lets tokenizer send requests for tokens until TIME:',
      '  GET, POST https://api.example.com/v1/',
      '  GET, POST http://127-0-0-1.example.com:8080/',
      '',
    ].join('\n'),
  )
  expect(await say('issue', 'tokens', '--to', 'https://api.example.com', '--secret', 'example-token')).toContain(
    '  GET https://api.example.com/, with the secret example-token in authorization\n',
  )
  const ids = await listed('--swarm', 'tokenizer', '--task', 'tokens')
  expect(ids).toHaveLength(2)
  const [first = '', second = ''] = ids
  expect(await listed('--task', 'other')).toEqual([])
  expect(await say('list')).toBe(
    [
      'ID            SWARM      TASK    EPOCH  GOOD UNTIL            ISSUED BY  TO',
      `ID  tokenizer  tokens  ${epoch}      TIME  admin      https://api.example.com/v1/ http://127-0-0-1.example.com:...`,
      `ID  tokenizer  tokens  ${epoch}      TIME  admin      https://api.example.com/`,
      '',
    ].join('\n'),
  )
  expect(await say('rotate', second, '--ttl', '1m')).toContain(`until TIME, in place of ID:`)
  expect(await listed()).toHaveLength(3)
  expect(await say('revoke', second, '--reason', 'enough')).toBe('ID of tokenizer for tokens is revoked.\n')
  expect(await listed()).toEqual([first])
  await served.client.task.release({ task: 'tokens', as: 'tokenizer', epoch })
  expect(await listed(), 'it died with its claim').toEqual([])
})

test.each([
  [['--to', 'api.example.com'], 'Give a URL such as https://api.example.com/v1/'],
  [['--to', 'ftp://api.example.com'], 'Give a URL such as https://api.example.com/v1/'],
  [['--to', 'https://user@api.example.com'], 'without user, query or fragment'],
  [['--to', 'https://api.example.com/?q=1'], 'without user, query or fragment'],
  [['--to', 'https://api.example.com', '--ttl', '2h'], 'Between 1s and 1h.'],
  [['--to', 'https://api.example.com', '--header', 'x-key'], 'name it with --secret'],
  [[], "Required option '--to <url>' not specified"],
])('ifab chassis credentials issue TASK %j is refused', async (argv, message) => {
  await served.client.task.claim({ task: 'tokens', as: 'tokenizer' })
  const { exit, err } = await run('issue', 'tokens', ...argv)
  expect(exit).not.toBe(0)
  expect(err).toContain(message)
})

test.each([
  [['--to', 'https://10.0.0.1'], 'is no name of a host'],
  [['--to', 'https://api.example.com', '--method', 'FETCH'], 'Invalid option'],
  [['--to', 'https://api.example.com', '--secret', 'Sesame-1234'], 'is no name of a secret'],
  [['--to', 'http://api.example.com', '--secret', 'example'], 'sends a secret over http'],
  [['--to', 'https://api.example.com', '--secret', 'example', '--header', 'Host'], 'belongs to the connection'],
])('the fabric refuses %j', async (argv, message) => {
  const { exit, err } = await run('issue', 'tokens', ...argv)
  expect(exit).not.toBe(0)
  expect(err).toContain(message)
  expect(err).not.toContain('Sesame')
  expect(await listed()).toEqual([])
})
