import { claimTask, heartbeat, nextTask, reportMilestone } from './claim-tools.js'
import { completeTask, releaseTask } from './end-tools.js'
import { askForHelp, escalateToHuman, reportBlocker } from './help-tools.js'
import { createTask, showTask } from './task-tools.js'
import type { Tool } from './tool.js'
import { waitForWork } from './wait-for-work.js'

/** What every agent gets, in the order of the work loop. */
export const CORE_TOOLS: readonly Tool[] = [
  nextTask,
  waitForWork,
  claimTask,
  heartbeat,
  reportMilestone,
  completeTask,
  releaseTask,
  reportBlocker,
  askForHelp,
  escalateToHuman,
  createTask,
  showTask,
]
