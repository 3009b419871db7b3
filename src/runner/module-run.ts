import { judgeContract, requireTrusted } from '../chassis/contract/judge-contract.js'
import type { ModuleRow } from '../chassis/contract/module-row.js'
import type { CredentialHolder } from '../chassis/credential/credential.js'
import type { Egress, Right } from '../chassis/egress/egress.js'
import type { CallRates } from '../chassis/host-calls/call-rates.js'
import type { GuestLogLine } from '../chassis/host-calls/guest-log.js'
import { RunHostCalls } from '../chassis/host-calls/run-host-calls.js'
import { isAtLeast } from '../chassis/jail/levels.js'
import type { LoadedModule, RunReport } from '../chassis/sandbox/run.js'
import type { Sandbox } from '../chassis/sandbox/sandbox.js'
import { requireModule } from '../coordinator/load-module.js'
import type { ModuleClaim } from '../coordinator/module-work.js'
import type { Fabric, Origin } from '../fabric/fabric.js'
import { contractTrust } from '../governor/policy/contract-trust.js'
import { FABRIC_ACTOR, swarmActor } from '../model/entry.js'
import { asFabricError, FabricError, isFabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import { MINUTE_MS, type Timing } from '../model/time.js'
import { cut } from '../witness/query/trace-words.js'
import type { Redactor } from '../witness/redact.js'
import { CredentialUses } from './credential-uses.js'
import type { ModuleStore } from './module-store.js'
import { outcomeOf, shortText } from './outcome.js'
import { taskInput } from './run-input.js'

/** What runs of modules share. */
export interface RunContext {
  readonly fabric: Fabric
  readonly modules: ModuleStore
  readonly sandbox: Pick<Sandbox, 'level' | 'run'>
  readonly egress: Egress
  readonly rates: CallRates
  readonly redactor: Pick<Redactor, 'redactText'>
  readonly timing: Timing
  /** Told about faults that no caller is waiting for. */
  readonly report: (error: unknown) => void
}

/** Heartbeats in one lease: two may be late. */
const BEATS_PER_LEASE = 3
/** Beyond the wall time of the module: it may wait for a process first. It ends with the claim anyway. */
const CREDENTIAL_MARGIN_MS = 5 * MINUTE_MS

/** Does one claim by its module: runs it, holds the claim meanwhile, and says what came of it. */
export class ModuleRun {
  /** Resolves when it is over, with whether what came of it is written. Never rejects. */
  readonly done: Promise<boolean>
  readonly #context: RunContext
  readonly #claim: ModuleClaim
  readonly #ending = new AbortController()
  readonly #origin: Origin
  #stopBeating: () => void = () => undefined

  /** Begins at once. */
  constructor(context: RunContext, claim: ModuleClaim) {
    this.#context = context
    this.#claim = claim
    // The words are the swarm's, and the log shows that the fabric said them.
    this.#origin = { actor: swarmActor(claim.swarm), principal: FABRIC_ACTOR }
    this.done = this.#run()
      .catch((error) => this.#fail(asFabricError(error)))
      .catch((error) => this.#giveUp(error))
      .finally(() => this.#stopBeating())
  }

  /** Ends the module. The claim is left as it is. */
  cancel(): void {
    this.#ending.abort()
  }

  async #run(): Promise<boolean> {
    this.#beatLater()
    const { fabric, modules } = this.#context
    const { swarm } = this.#claim
    const row = await fabric.read((state) => {
      const found = requireModule(state, swarm)
      // The policy may have changed since it was loaded.
      requireTrusted(judgeContract(found, found.contract.module.sha256, contractTrust(state.governor.policy)))
      return found
    })
    const module = await modules.get(row)
    await this.#requireJail()
    await this.#issueGrants(row)
    const { report, lines } = await this.#call(row, module)
    await this.#record(row, report)
    return this.#tell(report, lines)
  }

  /** Throws POLICY_VIOLATION where this machine has no jail that the policy finds strong enough. */
  async #requireJail(): Promise<void> {
    const { fabric, sandbox } = this.#context
    const required = await fabric.read(({ governor }) => governor.policy.chassis?.minimumJail)
    if (required === undefined) return
    const reached = await sandbox.level()
    if (isAtLeast(reached, required)) return
    const message = `The policy requires a jail of level ${required}, and this machine has ${reached}. Install bubblewrap, or change the policy.`
    throw new FabricError('POLICY_VIOLATION', message, { required, reached })
  }

  /**
   * The right to send requests that the policy gives this swarm for whatever it claims. A run that is begun anew for the same
   * claim goes on under the one it has.
   */
  async #issueGrants({ contract: { limits } }: ModuleRow): Promise<void> {
    const { fabric } = this.#context
    const { swarm, epoch } = this.#claim
    const endpoints = await fabric.read(({ governor, chassis }, now) => {
      const granted = governor.policy.chassis?.grants[swarm] ?? []
      const known = chassis.credentialsOf(epoch, now + limits.wallMs)
      const isThere = known.some(
        (one) => one.issuedBy === FABRIC_ACTOR && JSON.stringify(one.endpoints) === JSON.stringify(granted),
      )
      return isThere ? [] : granted
    })
    if (endpoints.length === 0) return
    const ttlMs = Math.min(limits.wallMs + CREDENTIAL_MARGIN_MS, LIMITS.credentialTtlMs)
    await fabric.submit({ type: 'issue_credential', ...this.#holder, endpoints, ttlMs }, { actor: FABRIC_ACTOR })
  }

  async #call(
    { contract }: ModuleRow,
    module: LoadedModule,
  ): Promise<{ readonly report: RunReport; readonly lines: readonly GuestLogLine[] }> {
    const { fabric, sandbox, egress, rates, redactor } = this.#context
    const { task, swarm, epoch } = this.#claim
    const uses = new CredentialUses(fabric, this.#holder)
    const host = new RunHostCalls({
      ...{ swarm, limits: contract.limits, rates, redactor, egress },
      context: { hosts: contract.hosts, rights: () => this.#rights(), onUse: (use) => uses.note(use) },
    })
    const report = await sandbox.run({
      ...{ swarm, module, host },
      input: taskInput(task, swarm, epoch),
      seed: `${fabric.name}/${task.id}/${epoch}`,
      signal: this.#ending.signal,
    })
    await uses.end()
    return { report, lines: host.lines }
  }

  async #record({ contract }: ModuleRow, { output: _, message: __, code: ___, ...facts }: RunReport): Promise<void> {
    const { task, swarm, epoch } = this.#claim
    const { slo: levels, version, module } = contract
    const run = { ...facts, task: task.id, epoch, digest: module.sha256, version }
    await this.#context.fabric.submit({ type: 'record_run', swarm, levels, ...run }, { actor: FABRIC_ACTOR })
  }

  #rights(): Right[] {
    return this.#context.fabric
      .credentialsOf(this.#claim.epoch)
      .flatMap(({ id, endpoints }) => endpoints.map((endpoint) => ({ credential: id, endpoint })))
  }

  async #tell(report: RunReport, lines: readonly GuestLogLine[]): Promise<boolean> {
    const { fabric } = this.#context
    const isLarge = report.end === 'completed' && report.output.length > 0 && shortText(report.output) === undefined
    const blob = isLarge ? (await fabric.putBlob(report.output, undefined, this.#origin)).sha256 : undefined
    const outcome = outcomeOf(report, lines, blob)
    if (outcome.kind === 'none') return false
    const word = { task: this.#claim.task.id, epoch: this.#claim.epoch }
    if (outcome.kind === 'complete') {
      const { evidence, summary } = outcome
      const command = { type: 'complete_task', ...word, evidence, ...(summary !== undefined && { summary }) } as const
      await fabric.submit(command, this.#origin)
    } else
      await fabric.submit({ type: 'fail_task', ...word, reason: outcome.reason, retry: outcome.retry }, this.#origin)
    return true
  }

  /** What stood in the way of running it is told by the task, so that whoever waits for it sees why. */
  async #fail(error: FabricError): Promise<boolean> {
    // There is no room for it now, which is not the module's failure.
    if (this.#ending.signal.aborted || error.code === 'RATE_LIMITED') return false
    if (error.code === 'STALE_CLAIM') return true
    if (error.code === 'INTERNAL') this.#context.report(error)
    const { task, epoch } = this.#claim
    const reason = cut(`its module could not be run: ${error.message}`, LIMITS.noteChars)
    await this.#context.fabric.submit(
      { type: 'fail_task', task: task.id, epoch, reason, retry: error.retryable },
      this.#origin,
    )
    return true
  }

  /** The claim is over, or the fabric is: nobody is left to be told. Its lease brings the task back. */
  #giveUp(error: unknown): boolean {
    if (!isFabricError(error, 'STALE_CLAIM') && !this.#ending.signal.aborted) this.#context.report(error)
    return false
  }

  #beatLater(): void {
    const { timing } = this.#context
    this.#stopBeating = timing.after(this.#claim.leaseMs / BEATS_PER_LEASE, () => void this.#beat())
  }

  async #beat(): Promise<void> {
    const { task, epoch } = this.#claim
    this.#beatLater()
    try {
      const { stop } = await this.#context.fabric.submit({ type: 'heartbeat', task: task.id, epoch }, this.#origin)
      if (stop !== undefined) this.cancel()
    } catch (error) {
      if (isFabricError(error, 'STALE_CLAIM')) this.cancel()
    }
  }

  get #holder(): CredentialHolder {
    const { task, swarm, epoch } = this.#claim
    return { swarm, task: task.id, epoch }
  }
}
