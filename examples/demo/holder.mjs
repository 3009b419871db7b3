import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isFabricError } from 'infrafabric'

/** What a swarm says about the claims that it holds, each word with a note of what was acknowledged. */
export class Holder {
  #fabric
  #swarm
  #notebook
  #meter
  #workshop
  /** Epochs of the live claims, by task; each is kept alive by heartbeats, also while it is stuck. */
  #held = new Map()

  constructor({ fabric, swarm, notebook, meter, workshop }) {
    this.#fabric = fabric
    this.#swarm = swarm
    this.#notebook = notebook
    this.#meter = meter
    this.#workshop = workshop
  }

  begin(task, epoch) {
    this.#held.set(task, epoch)
  }

  end(task, epoch) {
    if (this.#held.get(task) === epoch) this.#held.delete(task)
  }

  /** Keeps every claim alive; resolves with whether something waits in the inbox. */
  async beatAll() {
    let mail = false
    for (const [task, epoch] of this.#held) {
      const { unread = 0 } = (await this.beat(task, epoch)) ?? {}
      mail ||= unread > 0
    }
    return mail
  }

  /** A heartbeat with what was used since the last one; undefined when the claim is gone. */
  async beat(task, epoch) {
    const usage = this.#meter.take(epoch)
    try {
      return await this.#notebook.acknowledged(
        () => this.#fabric.task.heartbeat({ task, as: this.#swarm, epoch, ...(usage && { usage }) }),
        () => usage && usageNote(task, epoch, usage),
      )
    } catch (error) {
      if (!isFabricError(error, 'STALE_CLAIM')) throw error
      this.end(task, epoch)
      if (usage) await this.bill(task, epoch, usage)
      return undefined
    }
  }

  /** Reports what was used without a heartbeat: by a helper, or when the claim has ended. The money is gone all the same. */
  bill(task, epoch, usage = this.#meter.take(epoch)) {
    return this.#notebook.acknowledged(
      () => this.#fabric.task.usage({ task, as: this.#swarm, epoch, usage }),
      () => usageNote(task, epoch, usage),
    )
  }

  milestone(task, epoch, percent) {
    const input = { task, as: this.#swarm, epoch, percent, note: `${percent}% of ${task}` }
    return this.#notebook.acknowledged(
      () => this.#fabric.task.milestone(input),
      () => ({ change: 'milestone', task, epoch, percent }),
    )
  }

  /** The claim stays. Whom the governor asks for help is in the answer. */
  async block(task, epoch, { needs, requires }) {
    const { id, helpers } = await this.#notebook.acknowledged(
      () => this.#fabric.task.block({ task, as: this.#swarm, epoch, kind: 'help', needs, requires }),
      ({ id }) => ({ change: 'block', task, epoch, blocker: id }),
    )
    const swarms = helpers.map((helper) => helper.swarm)
    if (swarms.length > 0) this.#notebook.write({ change: 'ask', blocker: id, swarms })
  }

  async complete(task, epoch) {
    const path = join(this.#swarm, `${task}.md`)
    const content = `# ${task}\n\nDone by ${this.#swarm} under epoch ${epoch}.\n`
    mkdirSync(join(this.#workshop, this.#swarm), { recursive: true })
    writeFileSync(join(this.#workshop, path), content)
    const evidence = [{ kind: 'file', path, sha256: createHash('sha256').update(content).digest('hex') }]
    await this.#notebook.acknowledged(
      () => this.#fabric.task.complete({ task, as: this.#swarm, epoch, evidence, summary: `${task} is done.` }),
      () => ({ change: 'complete', task, epoch }),
    )
  }
}

function usageNote(task, epoch, { id: report, ...spent }) {
  return { change: 'usage', task, epoch, report, spent }
}
