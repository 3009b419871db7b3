import * as z from 'zod'
import type { Violation } from '../chassis/service-level/service-level.js'
import { listServiceLevels, type ServiceStanding, showServiceLevel } from '../coordinator/service-level-queries.js'
import { formatTimestamp } from '../model/time.js'
import * as field from './fields.js'
import { operation } from './operation.js'
import { presentPage } from './present.js'
import { type SloDetailView, type SloView, sloDetailView, sloPage } from './service-level-views.js'

/** How modules keep what their contracts promise, and the reputation that follows. */

export const list = operation({
  summary: 'List how modules keep what they promise; with violated, those that do not.',
  role: 'viewer',
  method: 'GET',
  path: '/v1/slos',
  input: z.strictObject({ violated: z.boolean().default(false), ...field.page }),
  output: sloPage,
  example: { violated: true },
  mutates: false,
  keyed: false,
  run: async ({ fabric }, input) =>
    presentPage(await fabric.read((state, now) => listServiceLevels(state, input, now, input)), presentSlo),
})

export const show = operation({
  summary: 'Show how the module of a swarm keeps what it promises, with its violations and its reputation day by day.',
  role: 'viewer',
  method: 'GET',
  path: '/v1/slos/:swarm',
  input: z.strictObject({ swarm: field.id }),
  output: sloDetailView,
  example: { swarm: 'tokenizer' },
  mutates: false,
  keyed: false,
  run: async ({ fabric }, { swarm }) => {
    const standing = await fabric.read((state, now) => showServiceLevel(state, swarm, now))
    const { hour, day, row } = standing
    return {
      ...presentSlo(standing),
      hour,
      day,
      violations: row.violations.map(presentViolation),
      history: row.history,
      ...(row.runs > 0 && { judgedAt: formatTimestamp(row.judgedAt) }),
    }
  },
})

function presentSlo({ row, compliance, violated, newest, effectiveReputation }: ServiceStanding): SloView {
  const { swarm, runs, reputation } = row
  return { swarm, runs, compliance, violated, newest, reputation, effectiveReputation }
}

function presentViolation({ at, until, ...violation }: Violation): SloDetailView['violations'][number] {
  return { ...violation, at: formatTimestamp(at), ...(until !== undefined && { until: formatTimestamp(until) }) }
}
