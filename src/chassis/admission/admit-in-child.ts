import { LIMITS } from '../../model/limits.js'
import type { JailLevel } from '../jail/levels.js'
import { DEFAULT_METER_LIMITS } from '../meter/limits.js'
import { Measures, MODULE_CAPS } from '../wasm/caps.js'
import { type AdmissionOrder, TO_ADMISSION } from './admission-frames.js'
import { AdmissionProcess, type ProcessBounds } from './admission-process.js'
import { type AdmissionOptions, type AdmittedModule, moduleDigest } from './admit.js'
import { checkWithEngine, ENGINE_BOUNDS } from './engine-check.js'
import { Turns } from './turns.js'

/** What reading and rewriting one module may take. For the largest, either takes a few seconds. */
const ADMISSION_BOUNDS: ProcessBounds = { wallMs: 30_000, dataBytes: 2 * 1024 * 1024 * 1024 }
/** The largest module with the fuel in its code. */
const METERED_BYTES = 64 * 1024 * 1024

const NOTHING = new Uint8Array(0)

/** Each takes processes, and gigabytes if its module is made for it; all of this process take turns. */
const turns = new Turns({ running: LIMITS.admissions, waiting: LIMITS.admissionsWaiting })

export interface JailedAdmissionOptions extends AdmissionOptions {
  /** The weakest jail that is enough. */
  readonly minimumJail?: JailLevel
}

/**
 * The same as `admitModule`, all of it in processes in a jail, with limits of time and memory: whoever calls it reads nothing of
 * a hostile module, and serves others meanwhile. Throws MODULE_REFUSED with `details.reason`, `not_validated` when it takes too
 * much; RATE_LIMITED when too many wait; POLICY_VIOLATION where the jail is not enough; and UNAVAILABLE where no process starts.
 */
export async function admitInChild(
  bytes: Uint8Array,
  options: JailedAdmissionOptions = {},
  bounds: ProcessBounds = ADMISSION_BOUNDS,
): Promise<AdmittedModule> {
  // Nothing is gained by handing it over.
  new Measures(MODULE_CAPS).measure('bytes', bytes.length)
  return turns.take(() => admitInTurn(bytes, options, bounds))
}

async function admitInTurn(
  bytes: Uint8Array,
  {
    profile = 'core',
    limits = DEFAULT_METER_LIMITS,
    bounds: engine = ENGINE_BOUNDS,
    minimumJail,
  }: JailedAdmissionOptions,
  bounds: ProcessBounds,
): Promise<AdmittedModule> {
  const order: AdmissionOrder = { profile, limits }
  const admission = await AdmissionProcess.start(bounds, minimumJail)
  try {
    admission.tell(TO_ADMISSION.order, Buffer.from(JSON.stringify(order)))
    await admission.ask(TO_ADMISSION.read, bytes, 0)
    await checkWithEngine(bytes, engine, minimumJail)
    const metered = await admission.ask(TO_ADMISSION.rewrite, NOTHING, METERED_BYTES)
    return { digest: moduleDigest(bytes), metered }
  } finally {
    admission.kill()
  }
}
