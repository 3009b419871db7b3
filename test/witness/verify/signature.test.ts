import { readFile, writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { rotationStatement } from '../../../src/witness/identity.js'
import { formatCheckpoint } from '../../../src/witness/note/checkpoint.js'
import { CosignatureSigner, NoteSigner } from '../../../src/witness/note/signer.js'
import { parseTrustPolicy } from '../../../src/witness/note/trust-policy.js'
import { parseVkey } from '../../../src/witness/note/verifier.js'
import type { Trust } from '../../../src/witness/verify/signature.js'
import { entriesOf, ORIGIN, outcome, Place, signer } from './logs.js'

let place: Place
beforeEach(async () => {
  place = await Place.open()
})
afterEach(() => place[Symbol.asyncDispose]())

const trusted = (...vkeys: string[]): Trust => ({ keys: vkeys.map(parseVkey), from: 'given' })
const entries = entriesOf(300)
const stranger = NoteSigner.generate(ORIGIN)

/** What an entry of a rotation holds, as fabrics write it. */
function rotation(previous: NoteSigner, next: NoteSigner, by = previous): Buffer {
  const statement = rotationStatement(ORIGIN, previous.vkey, next.vkey)
  const data = { vkey: next.vkey, previous: previous.vkey, signature: by.signature(statement).toString('base64') }
  return Buffer.from(JSON.stringify({ type: 'infrafabric.witness.key_rotated.v1', subject: ORIGIN, data }))
}

async function signature(trust: Trust | undefined = trusted(signer.vkey)) {
  return (await place.verify({ trust })).verdicts.signature
}

describe('a checkpoint', () => {
  test('that the trusted key signed is ok, an unknown key beside it or not', async () => {
    await place.export({ entries, sign: (text) => [stranger.sign(text), signer.sign(text)] })
    expect(await signature()).toMatchObject({ status: 'ok', code: 'signed', details: { vkey: signer.vkey } })
  })

  test('that nobody signed fails, although its entries are all right', async () => {
    const log = await place.export({ entries })
    const note = await readFile(`${log}/checkpoint`, 'utf8')
    for (const text of [note.slice(0, note.indexOf('\n\n') + 1), note.slice(0, note.indexOf('\n\n') + 2)]) {
      await writeFile(`${log}/checkpoint`, text)
      const found = await place.verify()
      expect(outcome(found)).toMatchObject({ integrity: 'ok intact', signature: 'failed unsigned' })
      expect(found.remembered.saved).toBe(false)
    }
  })

  test('that is not text, or has something else for a signature, is damaged', async () => {
    const log = await place.export({ entries })
    const note = await readFile(`${log}/checkpoint`, 'utf8')
    await writeFile(`${log}/checkpoint`, note.replace('— ', '- '))
    expect(outcome(await place.verify())).toMatchObject({
      integrity: 'ok intact',
      signature: 'failed checkpoint_damaged',
    })
    await writeFile(`${log}/checkpoint`, Buffer.from([0xff, 0xfe, 0]))
    expect(outcome(await place.verify())).toMatchObject({
      integrity: 'failed checkpoint_damaged',
      signature: 'failed checkpoint_damaged',
    })
  })

  test('that another key of the same name signed fails', async () => {
    await place.export({ entries, sign: (text) => [stranger.sign(text)] })
    const found = await signature()
    expect(found).toMatchObject({ status: 'failed', code: 'unknown_key' })
    expect(found.message).toContain(stranger.vkey.split('+', 2).join('+'))
  })

  test('with a bad signature of the trusted key fails, whatever stands beside it', async () => {
    const other = formatCheckpoint({ origin: ORIGIN, size: 1, root: Buffer.alloc(32) })
    await place.export({ entries, sign: (text) => [stranger.sign(text), signer.sign(other), signer.sign(text)] })
    expect(await signature()).toMatchObject({ status: 'failed', code: 'bad_signature' })
  })

  test('of another origin fails, also when the trusted key signed it', async () => {
    await place.export({ entries, origin: 'other.example' })
    expect(await signature()).toMatchObject({
      status: 'failed',
      code: 'other_origin',
      details: { origin: 'other.example', trusted: [ORIGIN] },
    })
  })

  test('with a bad cosignature of a known witness fails', async () => {
    const cosigner = CosignatureSigner.generate('w.example')
    const sign = (text: string) => [signer.sign(text), cosigner.sign(`${text}more\n`, 1)]
    await place.export({ entries, sign })
    const policy = parseTrustPolicy(`log ${signer.vkey}\nwitness w ${cosigner.vkey}\nquorum none\n`)
    expect(outcome(await place.verify({ policy }))).toMatchObject({ signature: 'failed bad_signature' })
    expect(outcome(await place.verify())).toMatchObject({ signature: 'ok signed' })
  })
})

describe('without a trusted key', () => {
  test('a good signature is unchecked, also by the key that lies beside the log', async () => {
    await place.export({ entries })
    expect(await signature(undefined)).toMatchObject({ status: 'ok' })
    const found = await place.verify({ trust: undefined })
    expect(found.verdicts.signature).toMatchObject({
      status: 'unchecked',
      code: 'no_trusted_key',
      details: { found: signer.vkey },
    })
    expect(found.remembered.saved).toBe(false)
  })

  test('a key beside the log that did not sign, or is no key, does not help', async () => {
    const log = await place.export({ entries })
    for (const vkey of [stranger.vkey, 'no key', NoteSigner.generate('other.example').vkey]) {
      await writeFile(`${log}/vkey.txt`, vkey)
      const { signature: found } = (await place.verify({ trust: undefined })).verdicts
      expect(found).toMatchObject({ status: 'unchecked', code: 'no_trusted_key' })
      expect(found.details).not.toHaveProperty('found')
    }
  })

  test('a signature that does not even fit the key beside the log fails', async () => {
    const other = formatCheckpoint({ origin: ORIGIN, size: 1, root: Buffer.alloc(32) })
    await place.export({ entries, sign: () => [signer.sign(other)] })
    expect(outcome(await place.verify({ trust: undefined }))).toMatchObject({ signature: 'failed bad_signature' })
  })
})

test('the own key of a fabric is said to be that', async () => {
  await place.export({ entries })
  expect(await signature({ ...trusted(signer.vkey), from: 'own' })).toMatchObject({
    status: 'ok',
    code: 'signed_by_own_key',
  })
})

describe('a key that was replaced', () => {
  const second = NoteSigner.generate(ORIGIN)
  const third = NoteSigner.generate(ORIGIN)
  const sign = (text: string) => [third.sign(text)]

  test('hands over to its successors, entry by entry', async () => {
    const log = [...entries, rotation(signer, second), ...entriesOf(5), rotation(second, third)]
    await place.export({ entries: log, sign })
    expect(await signature()).toMatchObject({
      status: 'ok',
      code: 'signed_by_successor',
      details: { vkey: third.vkey, trusted: signer.vkey },
    })
    expect(await signature(trusted(second.vkey))).toMatchObject({ code: 'signed_by_successor' })
    expect(await signature(trusted(third.vkey))).toMatchObject({ code: 'signed' })
  })

  test('is not followed where its own signature on the hand-over is missing', async () => {
    const log = [rotation(signer, second, third), rotation(second, third)]
    await place.export({ entries: log, sign })
    expect(await signature()).toMatchObject({ status: 'failed', code: 'unknown_key' })
  })

  test('is not followed backwards, in circles, or by entries of another type', async () => {
    const other = Buffer.from(rotation(signer, third).toString().replace('key_rotated.v1', 'key_rotated.v10'))
    const quoted = Buffer.from(JSON.stringify({ type: 'note', data: rotation(signer, third).toString() }))
    const log = [rotation(third, signer), other, quoted, rotation(signer, second), rotation(second, signer)]
    await place.export({ entries: log, sign })
    expect(await signature()).toMatchObject({ status: 'failed', code: 'unknown_key' })
  })

  test('hands over once: who stole it later cannot name another successor', async () => {
    await place.export({ entries: [rotation(signer, second), rotation(signer, third)], sign })
    expect(await signature()).toMatchObject({ status: 'failed', code: 'unknown_key' })
  })
})
