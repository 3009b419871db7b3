import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Email } from '../../src/channels/email.js'
import type { EmailConfig } from '../../src/model/channel.js'
import { isFabricError } from '../../src/model/errors.js'
import { failureOf, makeNotice, never, until } from './samples.js'
import { SmtpServer } from './smtp-server.js'

const CREDENTIALS = { user: 'fabric', password: 'correct horse battery' }
const ENCODED = [
  CREDENTIALS.password,
  Buffer.from(CREDENTIALS.password).toString('base64'),
  Buffer.from(`\0${CREDENTIALS.user}\0${CREDENTIALS.password}`).toString('base64'),
]

let server: SmtpServer
beforeEach(async () => {
  server = await SmtpServer.open()
})
afterEach(() => server[Symbol.asyncDispose]())

function makeEmail(change: Partial<EmailConfig> = {}, credentials: typeof CREDENTIALS | null = CREDENTIALS): Email {
  return new Email(
    {
      kind: 'email',
      name: 'mail',
      minSeverity: 'info',
      host: '127.0.0.1',
      port: server.port,
      secure: false,
      from: 'Fabric <fabric@example.org>',
      to: ['team@example.org', 'ann@example.org'],
      ...change,
    },
    credentials ?? undefined,
  )
}

/** Header fields by name, unfolded. */
function headersOf(data: string): Map<string, string> {
  const header = data.slice(0, data.indexOf('\r\n\r\n')).replaceAll(/\r\n[ \t]+/g, ' ')
  return new Map(
    header
      .split('\r\n')
      .map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]),
  )
}

describe('e-mail', () => {
  test('brings the text to everybody, authenticated, and hangs up', async () => {
    await makeEmail().deliver(makeNotice(), never())
    expect(server.mails).toHaveLength(1)
    const [mail] = server.mails
    expect(mail).toMatchObject({ from: 'fabric@example.org', to: ['team@example.org', 'ann@example.org'] })
    const headers = headersOf(mail?.data ?? '')
    expect(headers.get('subject')).toBe('[build] warning: May I drop the table?')
    expect(headers.get('from')).toBe('Fabric <fabric@example.org>')
    expect(headers.get('auto-submitted')).toBe('auto-generated')
    expect(mail?.data).toContain('ifab escalation answer escalation-42 --option approve')
    expect(server.lines).toContainEqual(expect.stringMatching(/^AUTH PLAIN /))
    await until(() => server.open === 0)
  })

  // Nodemailer alone would keep the connection for five seconds.
  test('keeps no connection to a server that does not hang up', { timeout: 4_000 }, async () => {
    server.lingers = true
    await makeEmail().deliver(makeNotice(), never())
    await until(() => server.open === 0)
  })

  test('is sent without authentication where none is configured', async () => {
    await makeEmail({}, null).deliver(makeNotice(), never())
    expect(server.mails).toHaveLength(1)
    expect(server.lines.some((line) => line.startsWith('AUTH'))).toBe(false)
  })

  test('has the same message id each time, and the answer refers to the question', async () => {
    const email = makeEmail()
    await email.deliver(makeNotice(), never())
    await email.deliver(makeNotice(), never())
    await email.deliver(makeNotice({ state: 'answered', answeredBy: 'admin' }, 'answered'), never())
    const [first, second, answer] = server.mails.map(({ data }) => headersOf(data))
    expect(first?.get('message-id')).toMatch(/^<msg_[\w-]{32}@infrafabric\.invalid>$/)
    expect(second?.get('message-id')).toBe(first?.get('message-id'))
    expect(answer?.get('message-id')).not.toBe(first?.get('message-id'))
    expect(answer?.get('in-reply-to')).toBe(first?.get('message-id'))
  })

  test('lets nobody inject a header, a recipient or a command', async () => {
    const evil = 'x\r\nBcc: all@example.org\r\n\r\n.\r\nMAIL FROM:<evil@example.org>\r\n.\nQUIT'
    const notice = makeNotice({ question: evil, asker: evil, task: evil, context: { [evil]: evil }, options: [evil] })
    await makeEmail().deliver({ ...notice, fabric: evil }, never())
    expect(server.mails).toHaveLength(1)
    const headers = headersOf(server.mails[0]?.data ?? '')
    expect(headers.has('bcc')).toBe(false)
    expect([...headers.keys()].sort()).toEqual([
      'auto-submitted',
      'content-transfer-encoding',
      'content-type',
      'date',
      'from',
      'message-id',
      'mime-version',
      'subject',
      'to',
    ])
    expect(server.lines.filter((line) => /^(MAIL|RCPT)/.test(line))).toHaveLength(3)
    expect(server.lines).not.toContainEqual(expect.stringContaining('evil'))
  })

  test.each([
    ['AUTH', '535 no', false, 'The mail server refuses the user or the password (535).'],
    ['AUTH', '454 later', true, 'The mail server refuses the user or the password (454).'],
    ['MAIL', '451 later', true, 'The mail server refuses the message, its sender or its recipients (451).'],
    ['MAIL', '503 bad sequence', true, 'The mail server refuses the message, its sender or its recipients (503).'],
    ['RCPT', '550 nobody', false, 'The mail server refuses the message, its sender or its recipients (550).'],
    ['RCPT', '450 greylisted', true, 'The mail server refuses the message, its sender or its recipients (450).'],
    ['DATA', '554 no', false, 'The mail server refuses the message, its sender or its recipients (554).'],
    ['END', '552 too large', false, 'The mail server does not take the message (552).'],
    ['END', '452 full', true, 'The mail server does not take the message (452).'],
    ['GREETING', '421 busy', true, expect.stringContaining('421')],
    ['GREETING', 'hang up', true, expect.stringContaining('The mail server')],
    ['MAIL', 'hang up', true, 'The mail server hung up (ECONNECTION).'],
  ])('at %s %s fails; worth another attempt: %s', async (verb, answer, retryable, message) => {
    server.script = { [verb]: answer }
    const failure = await failureOf(makeEmail().deliver(makeNotice(), never()))
    expect(failure).toMatchObject({ retryable, message })
    expect(server.mails).toEqual([])
    await until(() => server.open === 0)
  })

  test('says when nobody is there', async () => {
    const email = makeEmail()
    await server[Symbol.asyncDispose]()
    const failure = await failureOf(email.deliver(makeNotice(), never()))
    expect(failure).toMatchObject({ retryable: true, message: 'The mail server cannot be reached (ECONNREFUSED).' })
    server = await SmtpServer.open()
  })

  test.each(['GREETING', 'EHLO', 'AUTH', 'RCPT', 'END'])('ends with its signal when silent at %s', async (verb) => {
    server.script = { [verb]: 'silence' }
    const ending = new AbortController()
    const failure = failureOf(makeEmail().deliver(makeNotice(), ending.signal))
    const said = { GREETING: () => server.open === 1, END: () => server.lines.includes('DATA') }[verb]
    await until(said ?? (() => server.lines.some((line) => line.startsWith(verb))))
    ending.abort()
    expect(await failure).toMatchObject({ code: 'UNAVAILABLE', message: 'The attempt was ended.' })
    await until(() => server.open === 0)
  })

  // 0.0.0.0 leads to this machine and is not known as such.
  test('sends no password over a connection that is not encrypted', async () => {
    const failure = await failureOf(makeEmail({ host: '0.0.0.0' }).deliver(makeNotice(), never()))
    expect(failure).toMatchObject({ message: expect.stringContaining('cannot be encrypted') })
    expect(server.lines.some((line) => line.startsWith('AUTH'))).toBe(false)
    await makeEmail({ host: '0.0.0.0' }, null).deliver(makeNotice(), never())
    expect(server.mails).toHaveLength(1)
  })

  test('tells no secret, even if the server repeats it', async () => {
    for (const secret of ENCODED) {
      for (const verb of ['AUTH', 'MAIL', 'END']) {
        server.script = { [verb]: `535 you said ${secret}` }
        const failure = await failureOf(makeEmail().deliver(makeNotice(), never()))
        if (!isFabricError(failure)) throw failure
        const everything = `${failure.stack} ${JSON.stringify(failure.report())} ${String(failure.cause)}`
        for (const other of ENCODED) expect(everything).not.toContain(other)
      }
    }
  })
})
