import { FabricError } from '../model/errors.js'

/** The log has another size than the writer believes. */
export function fenced(expected: number, actual: number): FabricError {
  const message = `The journal has ${actual} entries, not ${expected}. Read it from ${Math.min(expected, actual)} on, then decide again.`
  return new FabricError('FENCED', message, { expected, actual })
}

/** Something was asked of a journal that is not open. */
export function closed(): FabricError {
  return new FabricError('UNAVAILABLE', 'The journal is closed. Open it before using it.')
}
