import { constants } from 'node:fs'
import { open, readFile, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { FabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import { type Answer, answer } from './answer.js'
import type { CliCommand } from './command.js'
import { readUserText, unwritable } from './user-file.js'

/** Keys of owners of modules, and what they sign. */
export function addChassisSigning(group: CliCommand): void {
  group
    .command('keygen')
    .description('make a key that signs contracts, and print its verifier key, which the policy names')
    .argument('<name>', 'name of the key, such as release')
    .requiredOption('--out <file>', 'new file for the secret part; only you can read it')
    .example('ifab chassis keygen release --out release.key')
    .does(async (_call, name: string, options: { out: string }) => keygen(name, options.out))
  group
    .command('sign')
    .description('sign a contract, and write the signature into it')
    .argument('<contract>', 'file, such as contract.yaml')
    .requiredOption('--key <file>', 'file of the secret part of the key')
    .option('--module <file>', 'write the path and SHA-256 of this module into the contract before')
    .example('ifab chassis sign contract.yaml --key release.key')
    .example('ifab chassis sign contract.yaml --key release.key --module tool.wasm')
    .does(async (_call, path: string, options: SignOptions) => sign(path, options))
}

interface SignOptions {
  readonly key: string
  readonly module?: string
}

async function keygen(name: string, out: string): Promise<Answer> {
  const { NoteSigner } = await import('../witness/note/signer.js')
  const signer = NoteSigner.generate(name)
  try {
    // A key that is there already is never written over.
    const file = await open(out, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)
    await file.writeFile(`${signer.skey}\n`).finally(() => file.close())
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') {
      throw new FabricError('CONFLICT', `${out} is there already. Choose another file for the key.`, { path: out })
    }
    throw unwritable(out, error)
  }
  return answer({ file: out, vkey: signer.vkey }, [
    `The secret part is in ${out}. Keep it to yourself.`,
    `The policy and "ifab chassis inspect --key" take the verifier key: ${signer.vkey}`,
  ])
}

async function sign(path: string, options: SignOptions): Promise<Answer> {
  const [{ NoteSigner }, { signContract }, { editContract }, files] = await Promise.all([
    import('../witness/note/signer.js'),
    import('../chassis/contract/sign-contract.js'),
    import('../chassis/contract/edit-contract.js'),
    import('./contract-file.js'),
  ])
  const signer = NoteSigner.parse(await readSecret(options.key))
  if (options.module !== undefined) await files.nameModule(path, options.module, await digestOf(options.module))
  const { source, signed } = await files.readContractFile(path)
  await requireModule(path, signed.contract.module)
  const signature = signContract(signed.contract, signer)
  await files.writeContract(path, editContract(source, { signature }))
  return answer({ file: path, signature }, [`${path} is signed by ${signature.key}.`])
}

/** A secret that others can read is none. */
async function readSecret(path: string): Promise<string> {
  const text = await readUserText(path, LIMITS.keyFileBytes)
  const { mode } = await stat(path)
  if (process.platform === 'win32' || (mode & 0o077) === 0) return text.trim()
  const message = `Others can read the key in ${path}. Make a new one, or run: chmod 600 ${path}`
  throw new FabricError('INVALID_ARGUMENT', message, { path })
}

/** What is signed is the module that is there; one that is not there cannot be looked at. */
async function requireModule(contract: string, { path, sha256 }: { readonly path: string; readonly sha256: string }) {
  const module = resolve(dirname(contract), path)
  const digest = await digestOf(module).catch(() => undefined)
  if (digest === undefined || digest === sha256) return
  const message = `${module} has the SHA-256 ${digest}, and the contract is for ${sha256}. Repeat with --module to sign for that file.`
  throw new FabricError('INVALID_ARGUMENT', message, { module, digest })
}

async function digestOf(path: string): Promise<string> {
  const [{ moduleDigest }, { unreadable }] = await Promise.all([
    import('../chassis/admission/admit.js'),
    import('./user-file.js'),
  ])
  return moduleDigest(await readFile(path).catch((cause) => Promise.reject(unreadable(path, cause))))
}
