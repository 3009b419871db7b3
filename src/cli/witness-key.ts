import type { FabricClient } from '../client/client.js'
import { refuseFile } from '../client/discover.js'
import { FabricError } from '../model/errors.js'
import { type Answer, answer } from './answer.js'
import type { Call, CliCommand } from './command.js'

/** The key that signs checkpoints. */
export function addWitnessKey(group: CliCommand): void {
  group
    .command('rotate-key')
    .description('have a new key sign checkpoints; the old one vouches for it in the log')
    .example('ifab witness rotate-key')
    .asks(rotateKey)
  group
    .command('reset')
    .description('begin a new witness identity, when the old one cannot go on; the old one is set aside')
    .option('--yes', 'do it: proofs of the old identity end with it, and whoever trusts it must be told')
    .example('ifab witness reset --yes')
    .does(reset)
}

async function rotateKey(fabric: FabricClient): Promise<Answer> {
  const rotation = await fabric.witness.rotate()
  return answer(rotation, [
    `Checkpoints are signed by this key from now on: ${rotation.vkey}`,
    `The key before it, ${rotation.previous}, vouches for it in the log.`,
  ])
}

async function reset({ data }: Call, { yes }: { yes?: boolean }): Promise<Answer> {
  await refuseFile(data)
  if (yes !== true) {
    throw new FabricError(
      'INVALID_ARGUMENT',
      `This gives the fabric in ${data} a new key that nobody trusts yet; whoever trusts the old one must be told. Repeat with --yes.`,
    )
  }
  const [{ OwnerLock }, { retireIdentity }] = await Promise.all([
    import('../journal/file/lock.js'),
    import('../witness/retire.js'),
  ])
  const lock = await OwnerLock.acquire(data, 'resetting its witness identity')
  try {
    const kept = await retireIdentity(data)
    return answer({ data, kept }, [
      `The next start makes a new key and writes into the log which one it replaces.`,
      `What the old identity had is kept in ${kept}.`,
    ])
  } finally {
    await lock.release()
  }
}
