import type { SwarmManifest } from '../governor/capabilities/manifest.js'
import type { ReadConfig } from '../governor/policy/config.js'
import { LIMITS } from '../model/limits.js'
import { readUserText } from './user-file.js'

/** infrafabric.yaml, read here and not in the fabric. Throws INVALID_ARGUMENT with every problem and its line. */
export async function readPolicyFile(path: string): Promise<ReadConfig & { readonly digest: string }> {
  const source = await readUserText(path, LIMITS.configBytes)
  const [{ readConfig }, { policyDigestOf }] = await Promise.all([
    import('../governor/policy/config.js'),
    import('../fabric/policy-digest.js'),
  ])
  const config = readConfig(path, source)
  return { ...config, digest: policyDigestOf(config.policy) }
}

/** A manifest of swarms, by the same rules. */
export async function readManifestFile(path: string): Promise<SwarmManifest[]> {
  const source = await readUserText(path, LIMITS.manifestBytes)
  const { readManifest } = await import('../governor/capabilities/manifest.js')
  return readManifest(path, source)
}
