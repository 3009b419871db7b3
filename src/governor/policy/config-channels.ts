import * as z from 'zod'
import type { ChannelConfig, EmailConfig, WebhookConfig } from '../../model/channel.js'
import { ESCALATION_SEVERITIES } from '../../model/escalation.js'
import { LIMITS } from '../../model/limits.js'
import { isLoopback } from '../../model/loopback.js'
import * as field from '../../user-file/file-fields.js'

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/
/** http or https, with a host and without a user, since that would be a secret. */
const URL_PATTERN = /^https?:\/\/[^\s/@?#\\]+(?:[/?#]\S*)?$/
const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f:]{2,45})$/
const ADDRESS = /^[^\s@<>,;:"\p{Cc}]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/u
const LISTEN = /^(?:\[[0-9A-Fa-f:]+\]|[A-Za-z0-9.-]+):\d{1,5}$/

export function variable(description: string) {
  return z
    .string()
    .regex(VARIABLE, { error: 'is no name of an environment variable. Use letters, digits and underscores.' })
    .describe(description)
}

/** An address that cannot be read is for `open` to refuse: it may come from the environment too. */
function isPrivate(url: string): boolean {
  return !URL.canParse(url) || new URL(url).protocol === 'https:' || isLoopback(new URL(url).hostname)
}

function address(description: string) {
  return z
    .string()
    .max(320)
    .regex(ADDRESS, { error: 'is no email address. Write one such as team@example.com.' })
    .describe(description)
}

const common = {
  name: field.id('Names the channel in messages and in the log.'),
  min_severity: z
    .enum(ESCALATION_SEVERITIES)
    .describe('Least severity of an escalation that is sent.')
    .default('warning'),
}

const webhook = z
  .strictObject({
    kind: z.literal('webhook').describe('Posts JSON to a URL.'),
    ...common,
    url: z
      .string()
      .max(LIMITS.noteChars)
      .regex(URL_PATTERN, { error: 'is no URL. Write http(s)://host/path, without a user or password.', abort: true })
      .refine(isPrivate, { error: 'is http, so everybody on the way could read it. Use https beyond this machine.' })
      .describe('Where it is posted to. Use url_env where the URL itself is a secret.')
      .exactOptional(),
    url_env: variable('Environment variable that holds the URL.').exactOptional(),
    secret_env: variable('Environment variable that holds the key with which requests are signed.').exactOptional(),
  })
  .refine(({ url, url_env }) => (url === undefined) !== (url_env === undefined), {
    error: 'needs exactly one of url and url_env.',
  })
  .transform(
    ({ kind, name, min_severity, url, url_env, secret_env }): WebhookConfig => ({
      kind,
      name,
      minSeverity: min_severity,
      ...(url !== undefined && { url }),
      ...(url_env !== undefined && { urlEnv: url_env }),
      ...(secret_env !== undefined && { secretEnv: secret_env }),
    }),
  )

const email = z
  .strictObject({
    kind: z.literal('email').describe('Sends mail over SMTP.'),
    ...common,
    host: z
      .string()
      .regex(HOST, { error: 'is no host. Write a name such as smtp.example.com, without a port.' })
      .describe('SMTP server.'),
    port: field.whole([1, 65_535], 'Port of the SMTP server.').default(587),
    secure: field
      .flag('TLS from the first byte (port 465); otherwise STARTTLS where the server offers it.')
      .default(false),
    from: address('Sender.'),
    to: z.array(address('A recipient.')).min(1).max(LIMITS.channelRecipients).describe('Recipients.'),
    user_env: variable('Environment variable that holds the user name.').exactOptional(),
    password_env: variable('Environment variable that holds the password.').exactOptional(),
  })
  .refine(({ user_env, password_env }) => (user_env === undefined) === (password_env === undefined), {
    error: 'needs both user_env and password_env, or none of them.',
  })
  .transform(
    ({ min_severity, user_env, password_env, ...rest }): EmailConfig => ({
      ...rest,
      minSeverity: min_severity,
      ...(user_env !== undefined && { userEnv: user_env }),
      ...(password_env !== undefined && { passwordEnv: password_env }),
    }),
  )

/** `channels`: ways to reach people besides the command line and the API. */
export const channelsSection = z
  .array(
    z.discriminatedUnion('kind', [webhook, email], {
      error: 'is neither webhook nor email. Write kind: webhook or kind: email.',
    }),
  )
  .max(LIMITS.channels)
  .superRefine((channels, context) => {
    for (const [index, { name }] of channels.entries()) {
      if (channels.findIndex((channel) => channel.name === name) === index) continue
      context.addIssue({
        code: 'custom',
        path: [index, 'name'],
        message: 'is given twice. Name each channel differently.',
      })
    }
  })
  .transform((channels): readonly ChannelConfig[] => channels)
  .prefault([])
  .describe('Ways to reach people about escalations. Secrets are named by environment variables, never written down.')

const path = z.string().min(1).max(LIMITS.noteChars)
const NO_ADDRESS = 'is no HOST:PORT. Write one such as 127.0.0.1:7420.'

/** `listen`: where the server of the fabric listens. */
export const listenField = z
  .string()
  .regex(LISTEN, { error: NO_ADDRESS, abort: true })
  .refine((text) => Number(text.slice(text.lastIndexOf(':') + 1)) <= 65_535, { error: NO_ADDRESS })
  .describe('HOST:PORT on which the server listens; beyond loopback only with tls or behind_proxy.')

/** `tls`: the server speaks TLS itself. */
export const tlsField = z
  .strictObject({
    certificate: path.describe('PEM file of the certificate chain.'),
    key: path.describe('PEM file of its key.'),
  })
  .describe('The server speaks TLS itself. Paths are taken from the directory of this file.')

/** `behind_proxy`: a proxy in front of the server ends TLS. */
export const behindProxyField = z
  .string()
  .regex(/^https:\/\/[^/?#@\s]+$/, { error: 'is no origin. Write https://NAME, as browsers see the proxy.' })
  .describe('Origin of a proxy that ends TLS in front of the server, such as https://fabric.example.com.')

export const requestsPerSecondField = z
  .int()
  .min(1)
  .max(100_000)
  .describe('Requests in a second for each caller that is no administrator.')
