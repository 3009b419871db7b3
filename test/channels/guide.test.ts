import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { openChannels } from '../../src/channels/open.js'
import { renderText } from '../../src/channels/text.js'
import { webhookBody } from '../../src/channels/webhook-body.js'
import { Receiver } from './receiver.js'
import { makeNotice, never } from './samples.js'

const GUIDE = readFileSync(new URL('../../docs/guide/channels.md', import.meta.url), 'utf8')
const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`

type Verify = (headers: Record<string, unknown>, body: string, secret: string) => void

function example(language: string): string {
  const code = new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'ms').exec(GUIDE)?.[1]
  if (code === undefined) throw new Error(`The guide has no example in ${language}.`)
  return code
}

async function verifier(): Promise<Verify> {
  const module = await import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(example('js'))}`)
  return module.verifyWebhook
}

/** A request as a receiver gets it. */
async function delivered() {
  await using receiver = await Receiver.open()
  const config = { kind: 'webhook', name: 'a', minSeverity: 'info', url: receiver.url, secretEnv: 'SECRET' } as const
  const { channels } = openChannels([config], { SECRET })
  await channels[0]?.deliver(makeNotice({ question: 'Grüße? 😀' }), never())
  const [request] = receiver.requests
  if (request === undefined) throw new Error('Nothing came.')
  return request
}

describe('the guide', () => {
  test('shows a check of signatures that takes what is sent', async () => {
    const [verify, { headers, body }] = [await verifier(), await delivered()]
    verify(headers, body, SECRET)
    verify({ ...headers, 'webhook-signature': `v1,AAAA v1a,xyz ${headers['webhook-signature']}` }, body, SECRET)
  })

  test('shows a check of signatures that refuses what was changed', async () => {
    const [verify, { headers, body }] = [await verifier(), await delivered()]
    const other = `whsec_${Buffer.alloc(32, 8).toString('base64')}`
    const later = String(Number(headers['webhook-timestamp']) + 1)
    const old = String(Number(headers['webhook-timestamp']) - 600)
    const { 'webhook-signature': _, ...unsigned } = headers
    expect(() => verify(headers, `${body} `, SECRET)).toThrow('does not match')
    expect(() => verify(headers, body, other)).toThrow('does not match')
    expect(() => verify({ ...headers, 'webhook-id': 'msg_other' }, body, SECRET)).toThrow('does not match')
    expect(() => verify({ ...headers, 'webhook-timestamp': later }, body, SECRET)).toThrow('does not match')
    expect(() => verify({ ...headers, 'webhook-timestamp': old }, body, SECRET)).toThrow('too old')
    expect(() => verify({ ...headers, 'webhook-timestamp': undefined }, body, SECRET)).toThrow('too old')
    expect(() => verify(unsigned, body, SECRET)).toThrow('does not match')
  })

  test('shows the text and the body that are sent', () => {
    expect(`${example('text')}`).toBe(renderText(makeNotice()).body)
    const { text: _, ...shown } = JSON.parse(example('json'))
    const { text, ...sent } = JSON.parse(webhookBody(makeNotice()))
    expect(shown).toEqual(sent)
    expect(text).toContain('[build] warning: May I drop the table?\n\nswarm:claude-1 asks (escalation-42):')
  })
})
