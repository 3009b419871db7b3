import * as z from 'zod'
import * as field from './fields.js'
import { operation } from './operation.js'
import { logView } from './views.js'

export const read = operation({
  summary: 'Read a page of entries of the log, as they are stored, from an index on.',
  role: 'viewer',
  method: 'GET',
  path: '/v1/entries',
  input: z.strictObject({ from: field.count.default(0), limit: field.page.limit }),
  output: logView,
  example: { from: 0, limit: 50 },
  mutates: false,
  keyed: false,
  run: async ({ fabric }, { from, limit }) => {
    const size = (await fabric.status()).entries
    const end = Math.min(size, from + limit)
    const entries: Record<string, unknown>[] = []
    if (from >= end) return { entries, next: Math.min(from, size), size }
    const reading = new AbortController()
    for await (const batch of fabric.follow(reading.signal, from)) {
      for (const entry of batch) {
        if (entry.index < end) entries.push(JSON.parse(decoder.decode(entry.bytes)))
      }
      if (from + entries.length >= end) reading.abort()
    }
    return { entries, next: from + entries.length, size }
  },
})

const decoder = new TextDecoder()
