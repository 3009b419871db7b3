import { fileURLToPath } from 'node:url'
import { type ErrorReport, FabricError } from '../../model/errors.js'
import { DEFAULT_METER_LIMITS } from '../meter/limits.js'
import { refuseModule } from '../refusal.js'
import { Measures, MODULE_CAPS } from '../wasm/caps.js'
import { type AdmissionOptions, type AdmittedModule, moduleDigest } from './admit.js'
import { type EngineBounds, runBounded } from './bounded-process.js'
import { ENGINE_BOUNDS } from './engine-check.js'

/** What all of the admission of one module may take. Reading and rewriting the largest takes a few seconds. */
const ADMISSION_BOUNDS: EngineBounds = { wallMs: 60_000, dataBytes: 2 * 1024 * 1024 * 1024 }
/** The largest module with the fuel in its code. */
const ANSWER_BYTES = 64 * 1024 * 1024

/** The program as it was built, also when this code runs from its source. */
const PROGRAM = fileURLToPath(new URL('../../../dist/chassis/admission/admit-main.js', import.meta.url))

/** What the process is asked to do, as JSON in its first argument. */
export type AdmissionOrder = Required<AdmissionOptions>

/** Why it does not admit a module, as JSON. */
export type AdmissionAnswer = Pick<ErrorReport, 'code' | 'message' | 'details'>

/** First byte of what it says: the rewritten module follows, or an `AdmissionAnswer`. */
export const ADMITTED = 0x2b
export const REFUSED = 0x2d

/**
 * The same as `admitModule`, in a process of its own with limits of time and memory: whoever calls it reads nothing of a hostile
 * module, and serves others meanwhile. Throws MODULE_REFUSED with `details.reason`; `not_validated` when it takes too much.
 */
export async function admitInChild(
  bytes: Uint8Array,
  options: AdmissionOptions = {},
  bounds: EngineBounds = ADMISSION_BOUNDS,
): Promise<AdmittedModule> {
  // Nothing is gained by handing it over.
  new Measures(MODULE_CAPS).measure('bytes', bytes.length)
  const { profile = 'core', limits = DEFAULT_METER_LIMITS, bounds: engine = ENGINE_BOUNDS } = options
  const order: AdmissionOrder = { profile, limits, bounds: engine }
  const argv = ['--max-old-space-size=1024', PROGRAM, JSON.stringify(order)]
  const program = { argv, input: bytes, answerBytes: ANSWER_BYTES, isGroup: true }
  const { answer, isComplete, reason } = await runBounded(program, bounds)
  if (isComplete && answer[0] === ADMITTED) return { digest: moduleDigest(bytes), metered: answer.subarray(1) }
  if (isComplete && answer[0] === REFUSED) throw errorOf(answer.subarray(1).toString())
  throw refuseModule('not_validated', `it did not get through admission (${reason})`)
}

function errorOf(json: string): FabricError {
  const { code, message, details } = JSON.parse(json) as AdmissionAnswer
  return new FabricError(code, message, details)
}
