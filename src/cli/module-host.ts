import { randomBytes } from 'node:crypto'
import type { SecretSource } from '../chassis/egress/egress.js'
import type { Fabric } from '../fabric/fabric.js'
import { systemTiming } from '../fabric/timing.js'
import type { HostConfig } from '../model/channel.js'
import { FabricError } from '../model/errors.js'
import type { Log } from '../server/logging.js'

export interface ModuleHostOptions {
  readonly fabric: Fabric
  readonly config: HostConfig | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly log: Log
  readonly report: (error: unknown) => void
}

/** What runs the modules of a fabric in this process. Until the first task names one it costs nothing. */
export async function startModules({ fabric, config, env, log, report }: ModuleHostOptions) {
  const [{ ModuleRunner }, { ModuleStore }, { CallRates }, { HttpEgress }, { Redactor }, { Sandbox }] =
    await Promise.all([
      import('../runner/module-runner.js'),
      import('../runner/module-store.js'),
      import('../chassis/host-calls/call-rates.js'),
      import('../chassis/egress/http-egress.js'),
      import('../witness/redact.js'),
      import('../chassis/sandbox/sandbox.js'),
    ])
  const redactor = new Redactor({ key: randomBytes(32) })
  const declare = [fabric, log, redactor].map((one) => (secret: string) => one.declare(secret))
  const secrets = await openSecrets(config, env, declare)
  const sandbox = new Sandbox({ onLevel: (level) => log.info('modules have a jail', { jail: level }) })
  const runner = new ModuleRunner({
    ...{ fabric, sandbox, redactor, report },
    modules: new ModuleStore(fabric),
    egress: new HttpEgress({
      ...{ secrets, report, timing: systemTiming, privateHosts: config?.privateHosts ?? [] },
      reportSecret: (error) => log.warn('no secret for a request of a module', { error }),
    }),
    rates: new CallRates(systemTiming),
    timing: systemTiming,
  })
  return {
    async close(): Promise<void> {
      await runner.close()
      await sandbox.close()
    },
  }
}

/** Without a vault a request that needs a secret is refused, and every other goes its way. */
async function openSecrets(
  config: HostConfig | undefined,
  env: ModuleHostOptions['env'],
  declare: readonly ((secret: string) => () => void)[],
): Promise<SecretSource> {
  if (config?.vault === undefined) {
    return {
      async secret(name) {
        throw new FabricError('NOT_FOUND', `There is no vault for the secret ${name}. Name one in infrafabric.yaml.`, {
          name,
        })
      },
    }
  }
  const { openVault } = await import('../chassis/vault/open.js')
  return openVault(config.vault, env, { clock: systemTiming, declare })
}
