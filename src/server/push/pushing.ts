import type { Fabric } from '../../fabric/fabric.js'
import type { Waits } from '../waits.js'
import { Places } from './places.js'
import { Pulse } from './pulse.js'
import { Standings } from './standings.js'

/** What all connections that the server writes to by itself share. */
export interface Pushing {
  readonly fabric: Fabric
  readonly waits: Waits
  readonly pulse: Pulse
  readonly standings: Standings
  readonly places: Places
}

export function createPushing(fabric: Fabric, waits: Waits): Pushing {
  const pulse = new Pulse()
  return { fabric, waits, pulse, standings: new Standings(fabric, pulse), places: new Places() }
}
