import { FabricError } from '../../../src/model/errors.js'

/** Code and details of the coded error that `work` throws; fails when it throws none. */
export function refusal(work: () => unknown): Record<string, unknown> {
  try {
    work()
  } catch (error) {
    if (error instanceof FabricError) return { code: error.code, message: error.message, ...error.details }
    throw error
  }
  throw new Error('it was not refused')
}

/** The reason why `work` finds its input malformed. */
export function malformation(work: () => unknown): unknown {
  const { code, reason } = refusal(work)
  return code === 'INVALID_ARGUMENT' ? reason : `${code}: ${reason}`
}
