import { access } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { ReadConfig } from '../governor/policy/config.js'
import { LIMITS } from '../model/limits.js'
import type { VaultConfig } from '../model/vault.js'
import type { Terminal } from './terminal.js'
import { readUserText } from './user-file.js'

const NAME = 'infrafabric.yaml'

/** infrafabric.yaml as it was read. */
export interface ConfigFile extends ReadConfig {
  readonly path: string
}

/**
 * The configuration that applies to a data directory: the file that was named, else `$IFAB_CONFIG`, else
 * `infrafabric.yaml` beside the directory where there is one. Throws INVALID_ARGUMENT with the lines that are wrong.
 */
export async function readConfigFile(
  data: string,
  named: string | undefined,
  env: Terminal['env'],
): Promise<ConfigFile | undefined> {
  const path = named ?? env.IFAB_CONFIG ?? (await besides(data))
  if (path === undefined) return undefined
  const [{ readConfig }, source] = await Promise.all([
    import('../governor/policy/config.js'),
    readUserText(path, LIMITS.configBytes),
  ])
  const { host, ...config } = readConfig(path, source)
  const { vault } = host
  return { path, ...config, host: { ...host, ...(vault && { vault: besideConfig(vault, dirname(path)) }) } }
}

/** Paths in a file are taken from its directory. */
function besideConfig(vault: VaultConfig, directory: string): VaultConfig {
  if (vault.kind === 'file') return { ...vault, path: resolve(directory, vault.path) }
  if (vault.kind !== 'hashicorp' || vault.tokenFile === undefined) return vault
  return { ...vault, tokenFile: resolve(directory, vault.tokenFile) }
}

async function besides(data: string): Promise<string | undefined> {
  const path = join(dirname(data), NAME)
  return access(path).then(
    () => path,
    () => undefined,
  )
}
