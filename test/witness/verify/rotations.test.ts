import { expect, test } from 'vitest'
import { rotationStatement } from '../../../src/witness/identity.js'
import { NoteSigner } from '../../../src/witness/note/signer.js'
import { Rotations } from '../../../src/witness/verify/rotations.js'
import { ORIGIN } from './logs.js'

function rotationEntry(previous: NoteSigner, { vkey }: NoteSigner): Buffer {
  const signature = previous.signature(rotationStatement(ORIGIN, previous.vkey, vkey)).toString('base64')
  const data = { vkey, previous: previous.vkey, signature }
  return Buffer.from(JSON.stringify({ type: 'infrafabric.witness.key_rotated.v1', data }))
}

function keys(count: number): NoteSigner[] {
  return Array.from({ length: count }, () => NoteSigner.generate(ORIGIN))
}

const vkeys = (signers: readonly NoteSigner[]) => signers.map(({ vkey }) => vkey)

test('keys are followed forwards and backwards, also where several lead to one or they lead in a circle', () => {
  const [a, b, c, d] = keys(4) as [NoteSigner, NoteSigner, NoteSigner, NoteSigner]
  const rotations = new Rotations(ORIGIN)
  for (const [previous, next] of [
    [a, c],
    [b, c],
    [c, d],
  ] as const)
    rotations.see(rotationEntry(previous, next))
  expect(rotations.after(a.vkey)).toEqual(vkeys([c, d]))
  expect(rotations.before(d.vkey)).toEqual(vkeys([c, a, b]))
  expect(rotations.before(a.vkey)).toEqual([])
  rotations.see(rotationEntry(d, a))
  expect(rotations.after(a.vkey)).toEqual(vkeys([c, d]))
  expect(rotations.before(a.vkey)).toEqual(vkeys([d, c, b]))
})

test('only the first successor that a key names counts, and only under its own signature', () => {
  const [a, b, c] = keys(3) as [NoteSigner, NoteSigner, NoteSigner]
  const rotations = new Rotations(ORIGIN)
  const forged = JSON.parse(rotationEntry(c, b).toString())
  forged.data.previous = a.vkey
  rotations.see(Buffer.from(JSON.stringify(forged)))
  expect(rotations.after(a.vkey)).toEqual([])
  rotations.see(rotationEntry(a, b))
  rotations.see(rotationEntry(a, c))
  expect(rotations.after(a.vkey)).toEqual([b.vkey])
  expect(rotations.before(c.vkey)).toEqual([])
})

test('a long chain of keys is followed at once', { timeout: 20_000 }, () => {
  const chain = keys(1_500)
  const rotations = new Rotations(ORIGIN)
  for (const [at, next] of chain.slice(1).entries()) rotations.see(rotationEntry(chain[at] as NoteSigner, next))
  const start = performance.now()
  expect(rotations.before(chain.at(-1)?.vkey ?? '')).toEqual(vkeys(chain.slice(0, -1).toReversed()))
  expect(rotations.after(chain[0]?.vkey ?? '')).toEqual(vkeys(chain.slice(1)))
  // Comparing each key with each would take seconds.
  expect(performance.now() - start).toBeLessThan(500)
})
