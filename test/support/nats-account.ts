import { createHash } from 'node:crypto'
import { nkeys } from '@nats-io/transport-node'

/** An account that may use JetStream, as an operator with decentralised authentication makes it, and one user of it. */
export function makeAccount(): { settings: string; credentials: string } {
  const operator = nkeys.createOperator()
  const account = nkeys.createAccount()
  const system = nkeys.createAccount()
  const user = nkeys.createUser()
  const streams = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 }
  const none = { mem_storage: 0, disk_storage: 0, streams: 0, consumer: 0 }
  const sizes = { subs: -1, data: -1, payload: -1 }
  const accountLimits = { ...sizes, ...streams, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 }
  const operatorToken = token(operator, operator, 'operator', {})
  const accountToken = token(operator, account, 'account', { limits: accountLimits })
  const userToken = token(account, user, 'user', { ...sizes, pub: {}, sub: {} })
  const systemToken = token(operator, system, 'account', { limits: { ...accountLimits, ...none } })
  const accounts = [`${account.getPublicKey()}: "${accountToken}"`, `${system.getPublicKey()}: "${systemToken}"`]
  return {
    settings: [
      `operator: "${operatorToken}"`,
      `system_account: ${system.getPublicKey()}`,
      'resolver: MEMORY',
      `resolver_preload: { ${accounts.join(', ')} }`,
    ].join('\n'),
    credentials: [
      '-----BEGIN NATS USER JWT-----',
      userToken,
      '------END NATS USER JWT------',
      '-----BEGIN USER NKEY SEED-----',
      Buffer.from(user.getSeed()).toString(),
      '------END USER NKEY SEED------',
    ].join('\n'),
  }
}

type Key = ReturnType<typeof nkeys.createUser>

/** A JSON Web Token (RFC 7519) in the form NATS wants, signed with Ed25519. */
function token(issuer: Key, subject: Key, type: string, claims: object): string {
  const payload = {
    iat: 1_700_000_000,
    iss: issuer.getPublicKey(),
    name: type,
    sub: subject.getPublicKey(),
    nats: { ...claims, type, version: 2 },
  }
  const jti = createHash('sha256').update(JSON.stringify(payload)).digest('hex').toUpperCase()
  const head = encode(JSON.stringify({ typ: 'JWT', alg: 'ed25519-nkey' }))
  const text = `${head}.${encode(JSON.stringify({ jti, ...payload }))}`
  return `${text}.${encode(issuer.sign(Buffer.from(text)))}`
}

function encode(content: string | Uint8Array): string {
  return Buffer.from(content).toString('base64url')
}
