import type { JailLevel } from '../jail/levels.js'
import { TO_ADMISSION } from './admission-frames.js'
import { AdmissionProcess, type ProcessBounds } from './admission-process.js'

export const ENGINE_BOUNDS: ProcessBounds = { wallMs: 20_000, dataBytes: 1024 * 1024 * 1024 }

/**
 * Has V8 validate a module in a process of its own: the checker is a large program that reads hostile bytes, so whoever finds a
 * fault in it is in a jail, and not where the module is read and rewritten. Throws MODULE_REFUSED with reason `invalid` or
 * `not_validated`.
 */
export async function checkWithEngine(
  bytes: Uint8Array,
  bounds: ProcessBounds = ENGINE_BOUNDS,
  minimumJail?: JailLevel,
): Promise<void> {
  const engine = await AdmissionProcess.start(bounds, minimumJail)
  try {
    await engine.ask(TO_ADMISSION.validate, bytes, 0)
  } finally {
    engine.kill()
  }
}
