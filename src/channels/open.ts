import { systemTiming } from '../fabric/timing.js'
import type { ChannelConfig, EmailConfig, WebhookConfig } from '../model/channel.js'
import { FabricError } from '../model/errors.js'
import { isLoopback } from '../model/loopback.js'
import type { Clock } from '../model/time.js'
import type { Channel } from './channel.js'
import { type Credentials, Email } from './email.js'
import { parseSecret, SECRET_FORM } from './signature.js'
import { Webhook } from './webhook.js'

type Environment = Readonly<Record<string, string | undefined>>

export interface OpenChannels {
  readonly channels: readonly Channel[]
  /** What was read from the environment and must be written nowhere: URLs, keys, passwords. */
  readonly secrets: readonly string[]
}

/**
 * Makes channels ready; nothing is connected yet. Throws INVALID_ARGUMENT for a variable that is not set, a secret that is
 * not one, a URL without encryption, and a name that is given twice; no message repeats a value.
 */
export function openChannels(
  configs: readonly ChannelConfig[],
  env: Environment,
  clock: Clock = systemTiming,
): OpenChannels {
  const secrets = new Set<string>()
  const names = new Set<string>()
  const channels = configs.map((config) => {
    if (names.has(config.name)) throw invalid(config.name, 'the name is given twice. Give each channel its own')
    names.add(config.name)
    return config.kind === 'webhook' ? openWebhook(config, env, clock, secrets) : openEmail(config, env, secrets)
  })
  return { channels, secrets: [...secrets] }
}

function openWebhook(config: WebhookConfig, env: Environment, clock: Clock, secrets: Set<string>): Webhook {
  const { name, minSeverity, url, urlEnv, secretEnv } = config
  if ((url === undefined) === (urlEnv === undefined)) throw invalid(name, 'give either url or url_env')
  const address = url ?? readVariable(name, urlEnv ?? '', env)
  if (urlEnv !== undefined) secrets.add(address)
  const key = secretEnv === undefined ? undefined : readKey(name, secretEnv, env, secrets)
  return new Webhook({ name, minSeverity, url: parseUrl(name, address), key, clock })
}

function parseUrl(name: string, address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') throw invalid(name, 'its URL is not a URL of https')
  if (url.username !== '' || url.password !== '') {
    throw invalid(name, 'its URL holds a user or password. Sign the requests with secret_env instead')
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw invalid(
      name,
      'its URL is http, so everybody on the way could read it. Use https; http is for this machine only',
    )
  }
  return url
}

function readKey(name: string, variable: string, env: Environment, secrets: Set<string>): Uint8Array {
  const secret = readVariable(name, variable, env)
  secrets.add(secret)
  const key = parseSecret(secret)
  if (key !== undefined) return key
  const advice = `Make one with: echo "whsec_$(openssl rand -base64 32)"`
  throw invalid(name, `the variable ${variable} must be ${SECRET_FORM}. ${advice}`, { variable })
}

function openEmail(config: EmailConfig, env: Environment, secrets: Set<string>): Email {
  const { name, to, userEnv, passwordEnv } = config
  if (to.length === 0) throw invalid(name, 'nobody is named in to')
  if ((userEnv === undefined) !== (passwordEnv === undefined)) {
    throw invalid(name, 'give both user_env and password_env, or none of them')
  }
  let credentials: Credentials | undefined
  if (userEnv !== undefined && passwordEnv !== undefined) {
    credentials = { user: readVariable(name, userEnv, env), password: readVariable(name, passwordEnv, env) }
    secrets.add(credentials.password)
  }
  return new Email(config, credentials)
}

function readVariable(name: string, variable: string, env: Environment): string {
  const value = env[variable]
  if (value !== undefined && value !== '') return value
  throw invalid(name, `the environment variable ${variable} is not set. Set it for the process of the fabric`, {
    variable,
  })
}

function invalid(channel: string, reason: string, details: { readonly variable?: string } = {}): FabricError {
  return new FabricError('INVALID_ARGUMENT', `Channel ${channel}: ${reason}.`, { channel, ...details })
}
