import { describe, expect, test } from 'vitest'
import { openChannels } from '../../src/channels/open.js'
import type { ChannelConfig, EmailConfig, WebhookConfig } from '../../src/model/channel.js'
import { isFabricError } from '../../src/model/errors.js'
import { Receiver } from './receiver.js'
import { makeNotice, never } from './samples.js'
import { SmtpServer } from './smtp-server.js'

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
const webhook: WebhookConfig = { kind: 'webhook', name: 'oncall', minSeverity: 'warning' }
const email: EmailConfig = {
  kind: 'email',
  name: 'mail',
  minSeverity: 'info',
  host: '127.0.0.1',
  port: 25,
  secure: false,
  from: 'fabric@example.org',
  to: ['team@example.org'],
}

/** The message that channels are refused with. */
function refusal(configs: readonly ChannelConfig[], env: Record<string, string> = {}): string {
  try {
    openChannels(configs, env)
  } catch (error) {
    if (isFabricError(error, 'INVALID_ARGUMENT')) return `${error.message} ${JSON.stringify(error.details)}`
    throw error
  }
  throw new Error('It was not refused.')
}

describe('opening channels', () => {
  test('reads what variables hold, uses it and names the secrets', async () => {
    await using receiver = await Receiver.open()
    await using server = await SmtpServer.open()
    const env = { URL: `${receiver.url}/token`, SECRET, USER: 'fabric', PASSWORD: 'hunter2 hunter2' }
    const { channels, secrets } = openChannels(
      [
        { ...webhook, urlEnv: 'URL', secretEnv: 'SECRET' },
        { ...email, port: server.port, userEnv: 'USER', passwordEnv: 'PASSWORD' },
      ],
      env,
    )
    expect(channels.map(({ name, minSeverity }) => [name, minSeverity])).toEqual([
      ['oncall', 'warning'],
      ['mail', 'info'],
    ])
    expect(secrets).toEqual([env.URL, SECRET, 'hunter2 hunter2'])
    for (const channel of channels) await channel.deliver(makeNotice(), never())
    expect(receiver.requests[0]).toMatchObject({ path: '/token' })
    expect(receiver.requests[0]?.headers['webhook-signature']).toMatch(/^v1,/)
    const login = Buffer.from('\0fabric\0hunter2 hunter2').toString('base64')
    expect(server.lines).toContain(`AUTH PLAIN ${login}`)
  })

  test('needs no secret', () => {
    const { channels, secrets } = openChannels([{ ...webhook, url: 'https://example.org/hook' }, email], {})
    expect(channels).toHaveLength(2)
    expect(secrets).toEqual([])
  })

  test.each<[string, ChannelConfig]>([
    ['URL', { ...webhook, urlEnv: 'URL' }],
    ['SECRET', { ...webhook, url: 'https://example.org', secretEnv: 'SECRET' }],
    ['USER', { ...email, userEnv: 'USER', passwordEnv: 'PASSWORD' }],
  ])('names the variable %s when it is not set or empty', (variable, config) => {
    for (const env of [{}, { [variable]: '' }]) {
      const message = refusal([config], env)
      expect(message).toContain(`Channel ${config.name}: the environment variable ${variable} is not set.`)
      expect(message).toContain(`"variable":"${variable}"`)
    }
  })

  test.each([
    ['http://example.org/SECRETPATH', 'Use https'],
    ['http://127.0.0.1.evil.example/SECRETPATH', 'Use https'],
    ['http://localhost.evil.example/SECRETPATH', 'Use https'],
    ['http://10.0.0.1/SECRETPATH', 'Use https'],
    ['ftp://127.0.0.1/SECRETPATH', 'not a URL of https'],
    ['SECRETPATH', 'not a URL of https'],
    ['https://user:SECRETPATH@example.org', 'holds a user or password'],
  ])('refuses the URL %s and does not repeat it', (url, message) => {
    for (const refused of [refusal([{ ...webhook, url }]), refusal([{ ...webhook, urlEnv: 'URL' }], { URL: url })]) {
      expect(refused).toContain(message)
      expect(refused).not.toContain('SECRETPATH')
    }
  })

  test.each(['http://localhost:1/', 'http://127.1.2.3/', 'http://[::1]:80/', 'https://10.0.0.1/'])(
    'takes %s',
    (url) => {
      expect(openChannels([{ ...webhook, url }], {}).channels).toHaveLength(1)
    },
  )

  test('refuses a secret of another form, does not repeat it, and says how to make one', () => {
    const message = refusal([{ ...webhook, url: 'https://example.org', secretEnv: 'KEY' }], { KEY: 'SECRETPATH' })
    expect(message).toContain('the variable KEY must be whsec_')
    expect(message).toContain('openssl rand -base64 32')
    expect(message).not.toContain('SECRETPATH')
  })

  test('refuses what contradicts itself', () => {
    expect(refusal([webhook])).toContain('give either url or url_env')
    expect(refusal([{ ...webhook, url: 'https://a.example', urlEnv: 'URL' }])).toContain('give either url or url_env')
    expect(refusal([{ ...email, userEnv: 'USER' }], { USER: 'x' })).toContain('give both user_env and password_env')
    expect(refusal([{ ...email, to: [] }])).toContain('nobody is named')
    expect(refusal([email, { ...email }])).toContain('the name is given twice')
  })
})
