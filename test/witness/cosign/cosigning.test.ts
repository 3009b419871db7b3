import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { beforeEach, describe, expect, test } from 'vitest'
import { FabricError } from '../../../src/model/errors.js'
import { FakeTiming } from '../../../src/testing/fake-timing.js'
import { type CosignIncident, Cosigning } from '../../../src/witness/cosign/cosigning.js'
import { type Submission, type SubmitOutcome, submitCheckpoint } from '../../../src/witness/cosign/submit.js'
import { openCheckpoint, parseCheckpoint } from '../../../src/witness/note/checkpoint.js'
import { parseNote } from '../../../src/witness/note/note.js'
import { CosignatureSigner } from '../../../src/witness/note/signer.js'
import { parseTrustPolicy, type TrustPolicy } from '../../../src/witness/note/trust-policy.js'
import { memoryStorage, type Notes } from '../../../src/witness/storage.js'
import { settle } from '../../fabric/fixture.js'
import { until } from '../../support/served-fabric.js'
import { SampleLog } from './sample-log.js'

const SECOND_MS = 1_000
const SIGNERS = {
  a: CosignatureSigner.generate('witness.example/a'),
  b: CosignatureSigner.generate('witness.example/b'),
}
type Offered = Parameters<Cosigning['offer']>[0]
type Name = keyof typeof SIGNERS
type Answer = (submission: Submission) => SubmitOutcome | Promise<SubmitOutcome>

const log = await SampleLog.of(40)
let timing: FakeTiming
let notes: Notes
let answers: Record<Name, Answer>
/** What the witnesses were asked, such as `a 7`: the name of the witness and the size it was offered. */
let asked: string[]
let known: number[]
let incidents: CosignIncident[]
let reported: unknown[]

beforeEach(() => {
  timing = new FakeTiming()
  notes = memoryStorage().notes
  answers = { a: cosign('a'), b: cosign('b') }
  asked = []
  known = []
  incidents = []
  reported = []
})

function cosign(name: Name): Answer {
  return ({ note }) => {
    const line = SIGNERS[name].sign(parseNote(note).text, 1_000)
    return { outcome: 'cosigned', line, timestamp: 1_000 }
  }
}

/** An answer that comes when the test gives it. */
function held(name: Name) {
  const waiting: (() => void)[] = []
  answers[name] = (submission) =>
    new Promise((resolve) => {
      waiting.push(() => resolve(cosign(name)(submission)))
      submission.signal?.addEventListener('abort', () => resolve({ outcome: 'unreachable', reason: 'ended' }))
    })
  const give = () => {
    for (const answer of waiting.splice(0)) answer()
  }
  return { give }
}

const absent: Answer = () => ({ outcome: 'unreachable', reason: 'ECONNREFUSED' })

function policyOf(quorum: 'any' | 'all' | 'none', url = (name: Name) => `http://${name}`): TrustPolicy {
  const witnesses = (['a', 'b'] as const).map((name) => `witness ${name} ${SIGNERS[name].vkey} ${url(name)}\n`)
  const lines = quorum === 'none' ? 'quorum none\n' : `group both ${quorum} a b\nquorum both\n`
  return parseTrustPolicy(witnesses.join('') + lines)
}

const submit: typeof submitCheckpoint = async (submission) => {
  const name = submission.witness.url.slice(-1) as Name
  asked.push(`${name} ${parseCheckpoint(parseNote(submission.note).text).size}`)
  known.push(submission.knownSize)
  return answers[name](submission)
}

function open(policy: TrustPolicy, network = submit): Promise<Cosigning> {
  return Cosigning.open({
    policy,
    notes,
    key: log.signer.verifier,
    tree: log.tree,
    now: () => timing.now(),
    after: (delayMs, callback) => timing.after(delayMs, callback),
    onIncident: (incident) => incidents.push(incident),
    report: (error) => reported.push(error),
    submit: network,
  })
}

async function checkpoint(size: number): Promise<Offered> {
  const note = await log.note(size)
  return { ...parseCheckpoint(parseNote(note).text), note }
}

async function offer(cosigning: Cosigning, ...sizes: number[]): Promise<void> {
  for (const size of sizes) cosigning.offer(await checkpoint(size))
  await settle()
}

async function pass(ms: number): Promise<void> {
  timing.advance(ms)
  await settle()
}

/** Who cosigned the newest checkpoint with a quorum; throws when one of the signatures in it does not hold. */
function cosignersOf({ quorate }: Cosigning): string[] {
  const verifiers = Object.values(SIGNERS).map(({ verifier }) => verifier)
  const { verified } = openCheckpoint(quorate?.note ?? '', [log.signer.verifier], verifiers)
  return verified.map(({ name }) => name.slice(-1)).filter((name) => name in SIGNERS)
}

describe('rounds', () => {
  test('come one at a time with a pause of a second, each with the newest checkpoint there is then', async () => {
    const a = held('a')
    const b = held('b')
    const cosigning = await open(policyOf('all'))
    await offer(cosigning, 3, 4, 5)
    expect(asked).toEqual(['a 3', 'b 3'])
    await pass(5 * SECOND_MS)
    expect(asked).toHaveLength(2)
    a.give()
    b.give()
    await settle()
    await pass(SECOND_MS - 1)
    expect(asked).toHaveLength(2)
    await offer(cosigning, 7)
    await pass(1)
    expect(asked.slice(2)).toEqual(['a 7', 'b 7'])
    expect(known).toEqual([0, 0, 3, 3])
    expect(reported).toEqual([])
  })

  test('are not held without anything new', async () => {
    const cosigning = await open(policyOf('all'))
    await offer(cosigning, 3)
    await pass(100 * SECOND_MS)
    expect([asked.length, timing.pending]).toEqual([2, 0])
    await offer(cosigning, 4)
    expect(asked.slice(2)).toEqual(['a 4', 'b 4'])
  })

  test('ask nobody without a URL', async () => {
    const policy = parseTrustPolicy(`witness a ${SIGNERS.a.vkey}\nquorum a\n`)
    const cosigning = await open(policy)
    await offer(cosigning, 3)
    expect([asked, cosigning.quorate, cosigning.status.witnesses, timing.pending]).toEqual([[], undefined, [], 0])
  })

  test('end with the cosigning, which waits for answers, but uses none, and asks nobody afterwards', async () => {
    let answered = false
    held('a')
    answers.b = async (submission) => {
      await new Promise((resolve) => submission.signal?.addEventListener('abort', resolve))
      await settle()
      answered = true
      return cosign('b')(submission)
    }
    const cosigning = await open(policyOf('any'))
    await offer(cosigning, 3, 4)
    await cosigning.close()
    expect(answered).toBe(true)
    await offer(cosigning, 5)
    await pass(100 * SECOND_MS)
    expect([asked, cosigning.quorate, timing.pending]).toEqual([['a 3', 'b 3'], undefined, 0])
    expect(await notes.read('cosigned')).toBeUndefined()
  })

  test('close also in a pause', async () => {
    const cosigning = await open(policyOf('any'))
    await offer(cosigning, 3, 4)
    await cosigning.close()
    expect(timing.pending).toBe(0)
    await pass(SECOND_MS)
    expect(asked).toHaveLength(2)
  })
})

describe('a quorum', () => {
  test('that is met is kept with every cosignature, and the newest one counts', async () => {
    const cosigning = await open(policyOf('all'))
    expect(cosigning.status).toMatchObject({ quorum: false, size: 0, witnesses: [{ outcome: 'waiting' }, {}] })
    await offer(cosigning, 3, 7)
    expect([cosigning.quorate?.size, cosignersOf(cosigning)]).toEqual([3, ['a', 'b']])
    await pass(SECOND_MS)
    expect([cosigning.quorate?.size, cosignersOf(cosigning)]).toEqual([7, ['a', 'b']])
    expect(await notes.read('cosigned')).toBe(cosigning.quorate?.note)
    const witnesses = [
      { name: 'a', size: 7, outcome: 'cosigned' },
      { name: 'b', size: 7, outcome: 'cosigned' },
    ]
    expect(cosigning.status).toEqual({ quorum: true, size: 7, witnesses })
  })

  test('that is not met leaves the last one that was', async () => {
    const cosigning = await open(policyOf('all'))
    await offer(cosigning, 3)
    answers.b = absent
    await pass(SECOND_MS)
    await offer(cosigning, 7)
    expect([cosigning.quorate?.size, asked.at(-1)]).toEqual([3, 'b 7'])
    expect(cosigning.status).toMatchObject({
      quorum: true,
      size: 3,
      witnesses: [
        { name: 'a', size: 7, outcome: 'cosigned' },
        { name: 'b', size: 3, outcome: 'unreachable', reason: 'ECONNREFUSED' },
      ],
    })
    expect(parseCheckpoint(parseNote((await notes.read('cosigned')) ?? '').text).size).toBe(3)
  })

  test('is met by one of two when the policy says so', async () => {
    answers.a = absent
    const cosigning = await open(policyOf('any'))
    await offer(cosigning, 3)
    expect([cosigning.quorate?.size, cosignersOf(cosigning)]).toEqual([3, ['b']])
  })

  test('of none needs no answer', async () => {
    answers = { a: absent, b: absent }
    const cosigning = await open(policyOf('none'))
    await offer(cosigning, 3)
    expect([cosigning.quorate?.size, cosignersOf(cosigning)]).toEqual([3, []])
  })

  test('that is being stored is stored by the time the cosigning is closed', async () => {
    held('a')
    held('b')
    const replace = notes.replace.bind(notes)
    notes.replace = async (...args) => {
      await settle()
      await replace(...args)
    }
    const cosigning = await open(policyOf('none'))
    cosigning.offer(await checkpoint(3))
    await cosigning.close()
    expect(await notes.read('cosigned')).toBe(cosigning.quorate?.note)
    expect(cosigning.quorate?.size).toBe(3)
  })

  test('is sought again from those who did not cosign, at longer and longer intervals, until it is there', async () => {
    answers.b = absent
    const cosigning = await open(policyOf('all'))
    await offer(cosigning, 3)
    for (const seconds of [2, 4, 8, 16, 32, 60, 60]) {
      const before = asked.length
      await pass(seconds * SECOND_MS - 1)
      expect(asked).toHaveLength(before)
      await pass(1)
      expect(asked.slice(before)).toEqual(['b 3'])
    }
    answers.b = cosign('b')
    await pass(60 * SECOND_MS)
    expect([asked.at(-1), cosigning.quorate?.size, cosignersOf(cosigning)]).toEqual(['b 3', 3, ['a', 'b']])
    await pass(1_000 * SECOND_MS)
    expect([asked.filter((line) => line === 'b 3').length, timing.pending]).toEqual([9, 0])
    // Where all is well again, so is the pace.
    await offer(cosigning, 4, 5)
    await pass(SECOND_MS)
    expect(asked.slice(-4)).toEqual(['a 4', 'b 4', 'a 5', 'b 5'])
  })

  test('is sought for the newest checkpoint only', async () => {
    answers.b = absent
    const cosigning = await open(policyOf('all'))
    await offer(cosigning, 3, 4, 5)
    await pass(2 * SECOND_MS)
    expect(asked).toEqual(['a 3', 'b 3', 'a 5', 'b 5'])
    answers.b = cosign('b')
    await pass(4 * SECOND_MS)
    expect([asked.slice(4), cosigning.quorate?.size]).toEqual([['b 5'], 5])
  })

  test('that cannot be stored is not shown, and tried again without asking anybody', async () => {
    const { replace } = notes
    notes.replace = async () => {
      throw new FabricError('STORAGE_FAILED', 'The disk is full.')
    }
    const cosigning = await open(policyOf('all'))
    await offer(cosigning, 3)
    expect(cosigning.quorate).toBeUndefined()
    expect(reported[0]).toMatchObject({ code: 'STORAGE_FAILED' })
    notes.replace = replace.bind(notes)
    await pass(2 * SECOND_MS)
    expect([asked, cosigning.quorate?.size, cosignersOf(cosigning)]).toEqual([['a 3', 'b 3'], 3, ['a', 'b']])
    expect(cosigning.quorateAt).toBe(timing.now())
  })
})

describe('a silent witness', () => {
  test('holds nothing up: the quorum of the others counts at once, and round follows round', async () => {
    const a = held('a')
    const cosigning = await open(policyOf('any'))
    await offer(cosigning, 3)
    for (const size of [4, 5, 6]) {
      expect([cosigning.quorate?.size, cosignersOf(cosigning)]).toEqual([size - 1, ['b']])
      await pass(SECOND_MS)
      await offer(cosigning, size)
    }
    expect(asked).toEqual(['a 3', 'b 3', 'b 4', 'b 5', 'b 6'])
    a.give()
    await settle()
    expect([asked.at(-1), cosigning.quorate?.size]).toEqual(['a 6', 6])
    a.give()
    await settle()
    expect(cosignersOf(cosigning)).toEqual(['b', 'a'])
    expect(cosigning.status.witnesses).toMatchObject([{ size: 6 }, { size: 6 }])
  })
})

describe('a witness that knows another log', () => {
  test('is an incident once for each kind and witness', async () => {
    answers = { a: () => ({ outcome: 'ahead', size: 9 }), b: () => ({ outcome: 'fork' }) }
    const cosigning = await open(policyOf('any'))
    for (const size of [3, 4, 5]) {
      await offer(cosigning, size)
      await pass(60 * SECOND_MS)
    }
    expect(asked).toEqual(['a 3', 'b 3', 'a 3', 'b 3', 'a 4', 'b 4', 'a 5', 'b 5'])
    const ahead = { kind: 'cosigner_ahead', witness: 'a', size: 3, seen: 9 }
    const fork = { kind: 'cosigner_fork', witness: 'b', size: 3 }
    expect(incidents).toEqual([ahead, fork])
    answers.a = () => ({ outcome: 'fork' })
    await offer(cosigning, 6)
    await pass(60 * SECOND_MS)
    expect(incidents).toEqual([ahead, fork, { kind: 'cosigner_fork', witness: 'a', size: 6 }])
    const witnesses = [
      { name: 'a', size: 0, outcome: 'fork' },
      { name: 'b', size: 0, outcome: 'fork' },
    ]
    expect(cosigning.status).toEqual({ quorum: false, size: 0, witnesses })
  })

  test('is no incident when it only refuses or does not answer', async () => {
    answers = { a: () => ({ outcome: 'refused', status: 403, reason: 'no' }), b: absent }
    await offer(await open(policyOf('any')), 3)
    expect([asked.length, incidents]).toEqual([2, []])
  })
})

describe('the checkpoint that is stored', () => {
  async function stored(): Promise<string> {
    answers.b = absent
    const cosigning = await open(policyOf('any'))
    await offer(cosigning, 3)
    await cosigning.close()
    return (await notes.read('cosigned')) ?? ''
  }

  test('counts after a new start while it meets the quorum', async () => {
    const note = await stored()
    const again = await open(policyOf('any'))
    expect(again.quorate).toEqual({ ...(await checkpoint(3)), note })
    expect(again.status).toMatchObject({ quorum: true, size: 3, witnesses: [{ size: 0, outcome: 'waiting' }, {}] })
    expect((await open(policyOf('all'))).status).toMatchObject({ quorum: false, size: 0 })
    expect(reported).toEqual([])
  })

  test('is passed over when any character of it was changed, and replaced by the next', async () => {
    const note = await stored()
    for (let at = 0; at < note.length; at += 1) {
      await notes.replace(
        'cosigned',
        note.slice(0, at) + String.fromCharCode(note.charCodeAt(at) ^ 1) + note.slice(at + 1),
      )
      expect([at, (await open(policyOf('any'))).quorate]).toEqual([at, undefined])
    }
    expect(reported[0]).toMatchObject({ code: 'DATA_CORRUPT', details: { file: 'witness/cosigned' } })
    await notes.replace('cosigned', '')
    const cosigning = await open(policyOf('any'))
    await offer(cosigning, 2)
    expect(cosigning.quorate?.size).toBe(2)
  })
})

test('a line that does not verify is never stored, whatever the witness calls it', async () => {
  const stranger = CosignatureSigner.generate('witness.example/a')
  const bodies: string[] = []
  const server = createServer(async (_request, response) => {
    response.end(`${bodies.shift()}\n`)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    const cosigning = await open(
      policyOf('any', (name) => url + name),
      submitCheckpoint,
    )
    const [text, other] = [await log.text(3), await log.text(4)]
    const bad = [
      stranger.sign(text, 1),
      SIGNERS.a.sign(other, 1),
      SIGNERS.b.sign(other, 1),
      'ok',
      log.signer.sign(text),
    ]
    for (const body of bad) {
      bodies.push(body, body)
      await (body === bad[0] ? offer(cosigning, 3) : pass(60 * SECOND_MS))
      await until(() => bodies.length === 0 && timing.pending > 0)
      expect(cosigning.status.witnesses).toMatchObject([{ outcome: 'refused' }, { outcome: 'refused' }])
      expect([cosigning.quorate, await notes.read('cosigned')]).toEqual([undefined, undefined])
    }
    const good = SIGNERS.a.sign(text, 1)
    bodies.push(good, good)
    await pass(60 * SECOND_MS)
    await until(() => cosigning.quorate !== undefined)
    expect(cosignersOf(cosigning)).toEqual(['a'])
    await cosigning.close()
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})
