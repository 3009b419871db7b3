import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Fabric } from '../../src/fabric/fabric.js'
import { openFabric } from '../../src/fabric/open.js'
import { FileJournal } from '../../src/journal/file/file-journal.js'
import { ADMIN_ACTOR } from '../../src/model/entry.js'
import { FakeTiming } from '../../src/testing/fake-timing.js'
import { codeOf, collect } from '../fabric/fixture.js'
import { Ledger, type LedgerEntry } from '../governor/ledger.js'
import { Child } from '../journal/children/child.js'

/** Lines that each process prints before it is killed; most of them are about usage. */
const KILLED_AFTER = [2, 15, 60, 140, 300, 500]

interface Report {
  readonly task: string
  readonly epoch: number
  readonly id: string
  readonly nanos: number
}

let root: string
let data: string
const children: Child[] = []

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'ifab-governor-'))
  data = join(root, 'data')
})

afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.kill()))
  await rm(root, { recursive: true, force: true })
})

/** What callers of all the processes said and heard, by task, epoch and name. */
class Heard {
  readonly sent = new Map<string, Report>()
  readonly acknowledged = new Set<string>()
  readonly faults: string[] = []

  take(lines: readonly string[]): void {
    for (const line of lines) {
      const [word, task = '', epoch = '', id = '', nanos = ''] = line.split(' ')
      const key = keyOf({ task, epoch: Number(epoch), id })
      if (word === 'sending') this.sent.set(key, { task, epoch: Number(epoch), id, nanos: Number(nanos) })
      else if (word === 'spent') this.acknowledged.add(key)
      else if (word !== 'started') this.faults.push(line)
    }
  }
}

function keyOf({ task, epoch, id }: Omit<Report, 'nanos'>): string {
  return `${task} ${epoch} ${id}`
}

/** The entries of the log, in order. */
async function entriesOf(fabric: Fabric): Promise<LedgerEntry[]> {
  const { entries } = await fabric.status()
  const all = await collect(fabric, entries, 0)
  return all.map(({ type, subject, data, at, index }) => ({ type, subject, data, at, index }) as LedgerEntry)
}

/** How often each report is in the log, and with how much. */
function booked(entries: readonly LedgerEntry[]): Map<string, number[]> {
  const reports = new Map<string, number[]>()
  for (const { type, subject, data } of entries) {
    if (type !== 'usage_reported') continue
    const { epoch, report, nanos } = data as { epoch: number; report: string; nanos: number }
    const key = keyOf({ task: subject, epoch, id: report })
    reports.set(key, [...(reports.get(key) ?? []), nanos])
  }
  return reports
}

/** The books of the fabric are what its log tells, computed in another way. */
async function expectBalance(fabric: Fabric, entries: readonly LedgerEntry[]): Promise<void> {
  const ledger = new Ledger()
  for (const entry of entries) ledger.read(entry)
  const { accounts, holds } = await fabric.read(({ governor: { books } }) => ({
    accounts: [...books.accounts.values()],
    holds: [...books.holds.values()],
  }))
  for (const { id, settled, held, wastedNanos } of accounts) {
    expect(held, `held in ${id}`).toEqual(ledger.held(id))
    expect([settled.nanos, wastedNanos], id).toEqual([
      ledger.accounts.get(id)?.settled.nanos ?? 0,
      ledger.accounts.get(id)?.wasted ?? 0,
    ])
  }
  const live = [...ledger.holds].filter(([, hold]) => !hold.ended)
  expect(holds.map(({ id }) => id).sort()).toEqual(live.map(([id]) => id).sort())
  const open = holds
    .filter(({ accounts: where }) => where.includes('fabric/total'))
    .reduce((sum, { amount, settled }) => sum + Math.max(0, amount.nanos - settled.nanos), 0)
  const fabricTotal = accounts.find(({ id }) => id === 'fabric/total')
  expect(fabricTotal?.held.nanos ?? 0).toBe(open)
  const spent = [...booked(entries).values()].flat().reduce((sum, nanos) => sum + nanos, 0)
  expect(fabricTotal?.settled.nanos ?? 0).toBe(spent)
}

/** Starts a fabric on a copy of what the killed process left, and sends every report again. */
async function examine(heard: Heard): Promise<void> {
  const copy = join(root, 'copy')
  await rm(copy, { recursive: true, force: true })
  await cp(data, copy, { recursive: true })
  const faults: unknown[] = []
  const fabric = await openFabric({
    journal: new FileJournal({ directory: copy, segmentBytes: 65_536 }),
    timing: new FakeTiming(),
    report: (error) => faults.push(error),
  })
  try {
    const before = await entriesOf(fabric)
    const reports = booked(before)
    for (const key of heard.acknowledged) expect(reports.get(key), key).toEqual([heard.sent.get(key)?.nanos])
    await expectBalance(fabric, before)
    const again = [...heard.sent.values()].map(({ task, epoch, id, nanos }) =>
      fabric.submit({ type: 'report_usage', task, epoch, usage: { id, costNanos: nanos } }, { actor: ADMIN_ACTOR }),
    )
    const codes = await Promise.all(again.map(codeOf))
    expect(new Set(codes).size).toBeLessThanOrEqual(1)
    expect(codes[0] ?? 'accepted').toBe('accepted')
    const after = await entriesOf(fabric)
    const all = booked(after)
    for (const [key, { nanos }] of heard.sent) expect(all.get(key), key).toEqual([nanos])
    await expectBalance(fabric, after)
  } finally {
    await fabric.close()
  }
  expect(faults).toEqual([])
}

test('the books of a fabric that is killed between hold and settlement balance after each start, and nothing is lost or booked twice', async () => {
  const heard = new Heard()
  for (const lines of KILLED_AFTER) {
    const child = new Child('governor.mjs', data)
    children.push(child)
    await child.printed(lines)
    await child.kill()
    heard.take(child.lines)
    await examine(heard)
  }
  expect(heard.faults).toEqual([])
  expect(heard.acknowledged.size).toBeGreaterThan(300)
})
