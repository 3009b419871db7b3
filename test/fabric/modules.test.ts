import { describe, expect, test } from 'vitest'
import { signContract } from '../../src/chassis/contract/sign-contract.js'
import { DEFAULT_CHASSIS_POLICY } from '../../src/chassis/policy/policy.js'
import { policyDigestOf } from '../../src/fabric/policy-digest.js'
import { DEFAULT_GOVERNOR_POLICY } from '../../src/governor/policy/policy.js'
import { makeContract } from '../../src/testing/factories.js'
import { NoteSigner } from '../../src/witness/note/signer.js'
import { memoryStorage } from '../../src/witness/storage.js'
import { openFixture } from './fixture.js'

const DIGEST = '0'.repeat(64)

describe('a fabric that takes secrets out of commands', () => {
  test('leaves keys and signatures of contracts as they are, whatever bytes they have', async () => {
    for (let round = 0; round < 50; round += 1) {
      await using fabric = await openFixture({ witness: memoryStorage() })
      await fabric.register('tokenizer')
      const signer = NoteSigner.generate('release')
      const endpoint = { host: 'api.example.com', port: 443, scheme: 'https', methods: ['GET'], paths: ['/'] } as const
      const inject = { name: 'example-token', header: 'authorization', prefix: 'Bearer ' }
      const chassis = {
        ...DEFAULT_CHASSIS_POLICY,
        requireSignature: true,
        trustedKeys: [signer.vkey],
        grants: { tokenizer: [{ ...endpoint, inject }] },
      }
      const policy = { ...DEFAULT_GOVERNOR_POLICY, chassis }
      await fabric.send({ type: 'apply_policy', policy, digest: policyDigestOf(policy) })
      expect(await fabric.fabric.read(({ governor }) => governor.policy.chassis)).toEqual(chassis)
      const contract = makeContract('tokenizer', { hosts: [endpoint] })
      const signature = signContract(contract, signer)
      const row = await fabric.send({ type: 'load_module', contract, signature, digest: DIGEST, bytes: 8 })
      expect(row).toMatchObject({ contract, signature, signedBy: signature.key })
    }
  })
})
