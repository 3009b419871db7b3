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

/** Whoever wanted to lead does not want to any more, or has left. */
export function givenUp(): FabricError {
  return new FabricError('UNAVAILABLE', 'The campaign was given up. Start another one.')
}

/** A living node has this id. */
export function taken(id: string): FabricError {
  return new FabricError('CONFLICT', `There is a node ${id} already. Give this one another name.`, { id })
}
