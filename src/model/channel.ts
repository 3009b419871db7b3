import type { EscalationSeverity } from './escalation.js'
import type { VaultConfig } from './vault.js'

interface ChannelBase {
  readonly name: string
  /** Least severity of an escalation that is sent. */
  readonly minSeverity: EscalationSeverity
}

/** A URL that is told of escalations. Secrets are named by environment variables, never written down. */
export interface WebhookConfig extends ChannelBase {
  readonly kind: 'webhook'
  /** Exactly one of the two: a URL may itself be a secret. */
  readonly url?: string
  readonly urlEnv?: string
  /** Key of the HMAC-SHA256 over each body; without it requests are not signed. */
  readonly secretEnv?: string
}

export interface EmailConfig extends ChannelBase {
  readonly kind: 'email'
  readonly host: string
  readonly port: number
  /** TLS from the first byte; otherwise STARTTLS where the server offers it. */
  readonly secure: boolean
  readonly from: string
  readonly to: readonly string[]
  readonly userEnv?: string
  readonly passwordEnv?: string
}

/** A way to reach people besides the command line and the API. */
export type ChannelConfig = WebhookConfig | EmailConfig

/** What concerns the process that hosts a fabric, and not the fabric: it is never in the log. */
export interface HostConfig {
  /** `HOST:PORT`. */
  readonly listen?: string
  /** Paths of PEM files, from the directory of the configuration. */
  readonly tls?: { readonly certificate: string; readonly key: string }
  /** Origin of the proxy that ends TLS. */
  readonly behindProxy?: string
  readonly requestsPerSecond?: number
  readonly channels: readonly ChannelConfig[]
  readonly vault?: VaultConfig
  /** `host:port` of services inside that modules may be allowed to reach. */
  readonly privateHosts?: readonly string[]
}
