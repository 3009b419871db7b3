import * as z from 'zod'
import * as field from './fields.js'
import { operation } from './operation.js'
import { checkpointView, proofView, rotationView } from './views.js'

/** Entries are JSON, so their bytes survive being a text. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export const checkpoint = operation({
  summary: 'Sign a checkpoint that covers every entry there is now, and say which witnesses cosigned the last ones.',
  role: 'viewer',
  method: 'GET',
  path: '/v1/witness/checkpoint',
  input: z.strictObject({}),
  output: checkpointView,
  example: {},
  mutates: false,
  keyed: false,
  run: async ({ fabric: { witness } }) => {
    const { note, origin, size, root } = await witness.checkpoint()
    const cosigning = witness.cosigners()
    return {
      note,
      origin,
      size,
      root: root.toString('base64'),
      vkey: witness.vkey,
      ...(cosigning && { cosigning }),
    }
  },
})

export const prove = operation({
  summary: 'Prove that an entry is in the log: a `.tlog-proof` that anyone can check without this fabric.',
  role: 'viewer',
  method: 'GET',
  path: '/v1/witness/proof',
  input: z.strictObject({ index: field.count }),
  output: proofView,
  example: { index: 42 },
  mutates: false,
  keyed: false,
  run: async ({ fabric: { witness } }, { index }) => {
    const proof = await witness.prove(index)
    return { index, proof, entry: decoder.decode(await witness.entry(index)) }
  },
})

export const rotate = operation({
  summary: 'Have a new key sign checkpoints from now on; the old key vouches for it in the log.',
  role: 'admin',
  method: 'POST',
  path: '/v1/witness/rotate',
  input: z.strictObject({}),
  output: rotationView,
  example: {},
  mutates: true,
  keyed: false,
  run: ({ fabric, origin }) => fabric.witness.rotateKey(origin),
})
