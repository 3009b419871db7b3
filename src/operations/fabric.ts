import * as z from 'zod'
import { operation } from './operation.js'
import { presentStatus } from './present.js'
import { statusView } from './views.js'

export const status = operation({
  summary: 'Say how the fabric is: counts of tasks, swarms and blockers, and the health of the journal.',
  role: 'viewer',
  method: 'GET',
  path: '/v1/status',
  input: z.strictObject({}),
  output: statusView,
  example: {},
  mutates: false,
  keyed: false,
  run: async ({ fabric }) => presentStatus(await fabric.status()),
})
