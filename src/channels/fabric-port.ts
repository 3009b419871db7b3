import type { Fabric } from '../fabric/fabric.js'
import { FABRIC_ACTOR } from '../model/entry.js'
import type { EscalationRow } from '../model/escalation.js'
import type { EscalationChange, EscalationPort } from './escalation-courier.js'
import type { NoticeEvent } from './notice.js'

const EVENTS: Readonly<Record<string, NoticeEvent>> = {
  escalation_opened: 'opened',
  escalation_answered: 'answered',
  escalation_expired: 'expired',
}

/** The escalations of a fabric, as couriers need them. */
export function fabricPort(fabric: Fabric): EscalationPort {
  return {
    fabric: fabric.name,
    follow: (signal) => changes(fabric, signal),
    open: () =>
      fabric.read(({ governor }) =>
        [...governor.escalations.values()]
          .filter(({ state }) => state === 'open')
          .map((escalation) => ({ escalation, told: escalation.notified ?? [] })),
      ),
    async note({ escalation, ...notice }) {
      await fabric.submit({ type: 'record_notice', escalation, notice }, { actor: FABRIC_ACTOR })
    },
  }
}

async function* changes(fabric: Fabric, signal: AbortSignal): AsyncGenerator<EscalationChange> {
  for await (const entries of fabric.follow(signal)) {
    for (const { type, subject } of entries) {
      const event = EVENTS[type]
      const escalation = event && (await rowOf(fabric, subject))
      if (event !== undefined && escalation !== undefined) yield { event, escalation }
    }
  }
}

/** Undefined for one that ended long ago, when its reader was far behind. */
function rowOf(fabric: Fabric, id: string): Promise<EscalationRow | undefined> {
  return fabric.read(({ governor }) => governor.escalation(id))
}
