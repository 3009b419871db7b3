import { createPrivateKey, X509Certificate } from 'node:crypto'
import { DAY_MS } from '../model/time.js'
import type { Exposure } from '../server/listen.js'
import type { ConfigFile } from './config-file.js'
import { readExposure } from './exposure.js'
import { toFabricError } from './failure.js'
import { type Finding, failed, ok, warning } from './finding.js'

const check = 'certificate'
const RENEW = 'Have it issued anew, put it in place of the old one, then restart the fabric.'
const SOON_MS = 14 * DAY_MS

/** The certificate that infrafabric.yaml names; undefined when it names none. */
export async function checkCertificate(config: ConfigFile | undefined, now: number): Promise<Finding | undefined> {
  try {
    const { tls } = await readExposure({}, config)
    return tls && judge(tls, now)
  } catch (error) {
    const { code, message } = toFabricError(error)
    return failed(check, code, message, 'Mend `tls` in infrafabric.yaml.')
  }
}

function judge({ certificate: pem, key }: NonNullable<Exposure['tls']>, now: number): Finding {
  const certificate = parse(() => new X509Certificate(pem))
  const privateKey = parse(() => createPrivateKey(key))
  if (certificate === undefined || privateKey === undefined) {
    const what = certificate === undefined ? 'the certificate' : 'its key'
    return failed(check, 'INVALID_ARGUMENT', `${what} is not PEM`, 'Mend `tls` in infrafabric.yaml.')
  }
  if (!certificate.checkPrivateKey(privateKey)) {
    const fix = 'Name the key that belongs to it as `tls.key` in infrafabric.yaml.'
    return failed(check, 'INVALID_ARGUMENT', 'the key belongs to another certificate', fix)
  }
  const { validFrom, validTo } = certificate
  if (now < Date.parse(validFrom)) return failed(check, 'INVALID_ARGUMENT', `it begins ${validFrom}`, RENEW)
  if (now > Date.parse(validTo)) return failed(check, 'INVALID_ARGUMENT', `it ended ${validTo}`, RENEW)
  if (Date.parse(validTo) - now < SOON_MS) return warning(check, `it ends ${validTo}`, RENEW)
  return ok(check, `good until ${validTo}`)
}

function parse<Result>(read: () => Result): Result | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
