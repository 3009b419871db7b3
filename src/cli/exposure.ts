import { dirname, resolve } from 'node:path'
import { FabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import type { Exposure } from '../server/listen.js'
import type { ConfigFile } from './config-file.js'
import { readUserText } from './user-file.js'

/** What the command line says of how other machines may connect; it goes before the configuration. */
export interface ExposureOptions {
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly behindProxy?: string
}

/** Reads the certificate and key that were named. Throws INVALID_ARGUMENT for one that cannot be read. */
export async function readExposure(options: ExposureOptions, config: ConfigFile | undefined): Promise<Exposure> {
  const { tlsCert, tlsKey } = options
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new FabricError('INVALID_ARGUMENT', 'Give both --tls-cert and --tls-key, or neither.', { field: 'tls' })
  }
  const behindProxy = options.behindProxy ?? config?.host.behindProxy
  const named = tlsCert === undefined || tlsKey === undefined ? besides(config) : { certificate: tlsCert, key: tlsKey }
  const tls = named && {
    certificate: await readUserText(named.certificate, LIMITS.tlsFileBytes),
    key: await readUserText(named.key, LIMITS.tlsFileBytes),
  }
  return { ...(tls && { tls }), ...(behindProxy !== undefined && { behindProxy }) }
}

/** Paths in a file are taken from its directory. */
function besides(config: ConfigFile | undefined) {
  const tls = config?.host.tls
  if (config === undefined || tls === undefined) return undefined
  const directory = dirname(config.path)
  return { certificate: resolve(directory, tls.certificate), key: resolve(directory, tls.key) }
}
