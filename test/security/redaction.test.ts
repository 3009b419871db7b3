import { expect, test } from 'vitest'
import type { Fabric, Origin } from '../../src/fabric/fabric.js'
import { openFabric } from '../../src/fabric/open.js'
import type { Journal } from '../../src/journal/journal.js'
import { MemoryJournal } from '../../src/journal/memory/memory-journal.js'
import { makeRegistration, makeTask } from '../../src/testing/factories.js'
import { FakeTiming } from '../../src/testing/fake-timing.js'
import { SequentialIds } from '../../src/testing/sequential-ids.js'
import { memoryStorage } from '../../src/witness/storage.js'
import { CREDENTIALS, CREDENTIALS_IN_TEXT } from '../witness/secret-texts.js'

const ADMIN = 'the-admin-token-of-this-fabric'
const PASSWORD = 'correct horse battery staple'
const origin: Origin = { actor: 'admin' }

/** Every secret of the tables, in texts that fit into one field. */
const SECRETS = [ADMIN, ...CREDENTIALS.map(([, secret]) => secret)]
const TEXTS = [
  ...SECRETS.map((secret) => `It said ${secret} once.`),
  ...CREDENTIALS_IN_TEXT.map(([, before, secret, after]) => before + secret + after),
]
/** What must not be left of them; the shortest are words that stand in ordinary texts as well. */
const TRACES = [...SECRETS, PASSWORD, ...CREDENTIALS_IN_TEXT.map(([, , secret]) => secret)].filter(
  (secret) => secret.length > 6,
)

function traces(text: string): string[] {
  return TRACES.filter((secret) => text.includes(secret) || text.includes(JSON.stringify(secret).slice(1, -1)))
}

function openWith(journal: Journal, storage = memoryStorage()) {
  return openFabric({
    journal,
    timing: new FakeTiming(),
    ids: new SequentialIds(),
    report: (error) => {
      throw error
    },
    witness: { open: async () => ({ storage, secrets: [ADMIN] }) },
  })
}

/** Puts the text into every field of every command that takes one; returns what the callers were told. */
async function sayEverywhere(fabric: Fabric, text: string, at: number): Promise<unknown[]> {
  const replies: unknown[] = []
  const submit = async (command: Parameters<Fabric['submit']>[0], from = origin) => {
    replies.push(await fabric.submit(command, from))
    return replies.at(-1)
  }
  const [swarm, task, lost] = [`swarm-${at}`, `task-${at}`, `lost-${at}`]
  const metadata = { note: text, password: PASSWORD, 'x-api-key': ADMIN }
  await submit({ ...makeRegistration(swarm), metadata })
  const described = {
    title: text.split('\n')[0] ?? '',
    description: text,
    deliverable: text,
    acceptance: ['fine', text],
  }
  const spec = { ...described, milestones: [{ percent: 50 as const, text }], keyTests: [text] }
  await submit({ type: 'create_task', task: makeTask(task, spec) }, { ...origin, idempotencyKey: `key-${at}` })
  const tasks = [{ spec: makeTask(lost, spec) }]
  await submit({ type: 'import_board', board: `board-${at}`, tasks, dryRun: false })
  const { epoch } = (await submit({ type: 'claim_task', task, swarm })) as { epoch: number }
  await submit({ type: 'report_milestone', task, epoch, percent: 50, note: text, nextAction: text })
  const raised = { type: 'raise_blocker', task, epoch, kind: 'human', needs: text, requires: [] } as const
  const { id } = (await submit(raised)) as { id: string }
  await submit({ type: 'resolve_blocker', blocker: id, resolution: text })
  await submit({ type: 'send_message', to: swarm, text })
  const evidence = [
    { kind: 'command', command: text, exitCode: 0 },
    { kind: 'note', text },
    { kind: 'file', path: text, sha256: 'a'.repeat(64) },
    { kind: 'commit', commit: text, repository: text },
  ] as const
  await submit({ type: 'complete_task', task, epoch, evidence, summary: text })
  const again = (await submit({ type: 'claim_task', task: lost, swarm })) as { epoch: number }
  await submit({ type: 'release_task', task: lost, epoch: again.epoch, note: text })
  const last = (await submit({ type: 'claim_task', task: lost, swarm })) as { epoch: number }
  await submit({ type: 'fail_task', task: lost, epoch: last.epoch, reason: text, retry: true })
  await submit({ type: 'cancel_task', task: lost, reason: text, cascade: false })
  replies.push(await fabric.inbox(swarm, -1, 100, 0), await fabric.task(task))
  await submit({ type: 'retire_swarm', swarm, reason: text })
  return replies
}

async function everythingStored(journal: Journal): Promise<string> {
  const stored: string[] = []
  for await (const chunk of journal.read(0)) {
    for (const { bytes } of chunk) stored.push(Buffer.from(bytes).toString())
  }
  const snapshot = await journal.latestSnapshot(Number.MAX_SAFE_INTEGER)
  for await (const chunk of snapshot?.chunks ?? []) stored.push(Buffer.from(chunk).toString())
  return stored.join('\n')
}

test('no secret is in an answer, the log, its receipts or a snapshot', async () => {
  const journal = new MemoryJournal()
  const fabric = await openWith(journal)
  const told: unknown[] = []
  for (const [at, text] of TEXTS.entries()) told.push(...(await sayEverywhere(fabric, text, at)))
  await fabric.snapshot()
  const stored = await everythingStored(journal)
  expect(stored.split('\n').length).toBeGreaterThan(TEXTS.length * 15)
  expect(stored).toContain('command_received')
  expect(traces(stored)).toEqual([])
  expect(traces(JSON.stringify(told))).toEqual([])
  // The test itself would see them.
  expect(traces(JSON.stringify(TEXTS))).toEqual(TRACES)
  await fabric.close()
})

test('marks let the operator see that two uses were of one token, also after a restart', async () => {
  const journal = new MemoryJournal()
  const storage = memoryStorage()
  for (const swarm of ['first', 'second']) {
    const fabric = await openWith(journal, storage)
    await fabric.submit({ ...makeRegistration(swarm), metadata: { token: PASSWORD, note: ADMIN } }, origin)
    await fabric.close()
  }
  await journal.open()
  const registered = (await everythingStored(journal)).split('\n').filter((line) => line.includes('swarm_registered'))
  const marks = registered.map((line) => line.match(/\[redacted:\w+:[0-9a-f]{16}\]/g))
  expect(marks[0]).toHaveLength(2)
  expect(marks[1]).toEqual(marks[0])
})

test('an id that is a secret is refused, and neither the refusal nor the log repeats it', async () => {
  const journal = new MemoryJournal()
  const fabric = await openWith(journal)
  for (const secret of SECRETS.filter((one) => /^[\w.:-]{1,128}$/.test(one))) {
    const refusals = await Promise.allSettled([
      (async () => fabric.submit(makeRegistration(secret), origin))(),
      (async () => fabric.submit({ type: 'create_task', task: makeTask(secret) }, origin))(),
      (async () => fabric.submit({ type: 'claim_task', task: 'A1', swarm: secret }, origin))(),
    ])
    for (const refusal of refusals) {
      expect(refusal).toMatchObject({ status: 'rejected', reason: { code: 'INVALID_ARGUMENT' } })
      expect(traces(JSON.stringify(refusal) + String((refusal as PromiseRejectedResult).reason.message))).toEqual([])
    }
  }
  expect(traces(await everythingStored(journal))).toEqual([])
  await fabric.close()
})
