import { systemTiming, type Timing } from '../../src/fabric/timing.js'
import { SharedLog } from '../../src/testing/shared-log.js'
import { membershipConformance } from '../conformance/membership.js'

/** Time passes five times as fast here. */
const FAST = 5
const timing: Timing = {
  now: () => systemTiming.now() * FAST,
  elapsed: () => systemTiming.elapsed() * FAST,
  after: (delayMs, callback) => systemTiming.after(delayMs / FAST, callback),
}

membershipConformance('LineMembership', async () => {
  const log = new SharedLog(timing)
  const cuttable = log.connect(timing)
  return {
    node: (isCuttable) => (isCuttable ? cuttable : log.connect(timing)).membership,
    cut: () => cuttable.cut(),
    heal: () => cuttable.mend(),
    dispose: async () => undefined,
  }
})
