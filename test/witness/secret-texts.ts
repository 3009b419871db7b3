/** Made-up secrets, put together here so that nobody's scanner takes this file for a leak. */
const WORD = 'a1B2c3D4'
const GITHUB = `ghp_${WORD.repeat(4)}wxyz`
const JWT = `eyJ${'hbGciOi'}JIUzI1NiJ9.eyJzdWIiOiIxIn0.${WORD.repeat(5)}-_`
const BEGIN = '-----BEGIN'
export const BASE64 = 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC/+=='

/** Kind and secret: known by its own form, whatever stands around it. */
export const CREDENTIALS: readonly [kind: string, secret: string][] = [
  ['anthropic-key', `sk-ant-api03-${WORD.repeat(11)}-_AA`],
  ['api-key', `sk-${WORD.repeat(6)}`],
  ['api-key', `sk-proj-${WORD.repeat(3)}-_${WORD.repeat(3)}`],
  ['api-key', `sk-or-v1-${'0a1b2c3d'.repeat(8)}`],
  ['stripe-key', `sk_live_${WORD.repeat(3)}`],
  ['github-token', GITHUB],
  ['github-token', `gho_${WORD.repeat(5)}`],
  ['github-token', `ghs_${WORD.repeat(5)}`],
  ['github-token', `github_pat_${WORD.repeat(3)}_${WORD.repeat(5)}`],
  ['gitlab-token', `glpat-${WORD.repeat(2)}-_${WORD}`],
  ['slack-token', `xoxb-123456789012-${WORD.repeat(3)}`],
  ['slack-token', `xoxp-123456789012-${WORD.repeat(3)}`],
  ['aws-key', `AKIA${'IOSFODNN7ABCDEFG'}`],
  ['aws-key', `ASIA${'IOSFODNN7ABCDEFG'}`],
  ['google-key', `AIza${WORD.repeat(4)}-_x`],
  ['npm-token', `npm_${WORD.repeat(4)}wxyz`],
  ['huggingface-token', `hf_${WORD.repeat(4)}xy`],
  ['jwt', JWT],
  ['private-key', `PRIVATE+KEY+fabric.example/log+1a2b3c4d+${BASE64}`],
  ['private-key', `${BEGIN} PRIVATE KEY-----\n${BASE64}\n${BASE64}\n-----END PRIVATE KEY-----`],
  ['private-key', `${BEGIN} EC PRIVATE KEY-----\\n${BASE64}\\n-----END EC PRIVATE KEY-----`],
  ['private-key', `${BEGIN} RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n${BASE64}\n-----END RSA PRIVATE KEY-----`],
  ['private-key', `${BEGIN} PGP PRIVATE KEY BLOCK-----\n\n${BASE64}\n-----END PGP PRIVATE KEY BLOCK-----`],
]

/** Kind, what stands before the secret, the secret, and what stands after it: known by what stands around it. */
export const CREDENTIALS_IN_TEXT: readonly [kind: string, before: string, secret: string, after: string][] = [
  ['authorization', 'Authorization: Bearer ', 'hunter2', ''],
  ['authorization', 'authorization: bearer ', 'correct-horse', '\n'],
  ['authorization', 'curl -H "Authorization: Basic ', 'dXNlcjpwYXNzd29yZA==', '" https://example.org/v1'],
  ['authorization', "-H 'Proxy-Authorization: token ", GITHUB, "'"],
  ['authorization', '{"authorization":"Bearer ', JWT, '","accept":"*/*"}'],
  ['authorization', '{\\"Authorization\\": \\"Bearer ', 'abcdefgh', '\\"}'],
  ['authorization', 'Authorization: ', 'a1b2c3d4', '\r'],
  ['authorization', 'Authorization: Digest ', 'username="me", response="0a1b"', '\nAccept: */*'],
  ['authorization', 'Authorization: AWS4-HMAC-SHA256 ', 'Credential=A/b, Signature=0a1b', ''],
  ['bearer', 'It sent bearer ', 'a1b2c3d4e5f6', '. Then it stopped.'],
  ['bearer', '"Bearer ', 'abcdefghijklmnopqrstuvwx', '"'],
  ['cookie', 'Cookie: ', 'session=a1b2; theme=dark', ' '],
  ['cookie', 'Set-Cookie: ', 'id=a1b2; Path=/; HttpOnly', '\n'],
  ['cookie', "-H 'cookie: ", 'sid=x', "'"],
  ['secret', 'X-Api-Key: ', 'hunter2', ''],
  ['secret', 'PRIVATE-TOKEN: ', 'abcdefgh', '\n'],
  ['secret', 'x-auth-token: ', 'a1b2c3', ' and more'],
  ['secret', 'DB_PASSWORD=', 'hunter2', ' npm test'],
  ['secret', 'npm publish --password=', 'hunter2!', ''],
  ['secret', 'export OPENAI_API_KEY="', 'not of a known form', '"'],
  ['secret', "AWS_SECRET_ACCESS_KEY='", `${WORD.repeat(4)}/+${WORD}`, "'"],
  ['secret', 'https://example.org/?access_token=', 'abcd1234', '&page=2'],
  ['secret', '//registry.npmjs.org/:_authToken=', 'abcd-1234', ''],
  ['secret', '{"password": "', 'hun\\"ter2', '", "user": "me"}'],
  ['secret', '{\\"token\\":\\"', 'hunter2', '\\"}'],
  ['secret', 'password: "', 'correct horse battery staple', '"'],
  ['url-password', 'postgres://app:', 'pa@ss:word', '@db.internal:5432/app?ssl=1'],
  ['url-password', 'git clone https://x-access-token:', GITHUB, '@github.com/acme/app.git'],
  ['url-password', 'redis://:', 'hunter2', '@cache:6379'],
]

/** Nothing in these is a secret. */
export const ORDINARY_TEXTS: readonly string[] = [
  'Parse SDP offers and answers; see docs/decisions/0002-operations-table.md for why.',
  'The holder gets a fencing token. A stale token is refused, and the secret is to ask again: token by token.',
  'Bearer authentication is used; the Bearer token comes from the data directory. Bearer tokens never expire.',
  'Authorization: required for all endpoints. Cookie: none. Password: see the vault.',
  'authentication, authorization and token-based access (RFC6750)',
  'commit 7665813fe65c65640e0e3abc1adf3b049be81c91 and 1f3a9c2',
  'sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  'root CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I= of 42',
  'request 0190b2a4-7c1e-7f3a-9a51-1d2e3f4a5b6c, trace 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  'verifier fabric.example/log+1a2b3c4d+AZ3Pm8Qn0e6iWcXh1rJk5vUo7sTgYbDa2fLxKwMzNpRq',
  'task-1234567890abcdefghijklmnop, risk-2024-a1b2c3d4e5f6a7b8c9d0e1f2, disk_live_1234567890abcdefgh',
  'sk-learn-integration-tests-2024-pipeline-of-the-week',
  'npm_config_registry, npm_lifecycle_event, hf_transfer, xoxo-hugs-and-kisses, AKIAK',
  'http://localhost:7420/v1/tasks?from=10&limit=50 and ssh://git@github.com:22/acme/app, git@github.com:acme/app.git',
  'see https://example.org:8443/a@b, mail someone@example.org, and http://[::1]:8080/x',
  'maxTokens=4096, tokens=1200, broken=yes, tokenCount: 7, monkey: banana, keys = a, b',
  'const token = readToken(); token=nextToken() ; secret=vault["x"]; if (token==other) return',
  'Set the password in the form, then press "Save". The token: a number. Tokens: 42. The secret: patience',
  '-----BEGIN CERTIFICATE----- is no key, -----BEGIN PRIVATE KEY----- begins one, and -----BEGIN PUBLIC KEY----- does not',
  'The lexer reads each token as a pair (kind, text): `{ token: 17 }`, `[token]`, token; token, "token"',
  'eyJ is how JSON begins in base64; eyJhbGci.short and version 1.2.3-beta.4',
  'src/witness/redact/text-rules.ts:12:34 C:\\Users\\me\\secrets\\token.txt ../private_key.pem /etc/passwd',
  'ünïcödé 🚀 — “quotes” and \u202e marks',
  '',
]

/** What scripts and documentation write where a secret goes. */
export const PLACEHOLDERS: readonly string[] = [
  'curl -H "Authorization: Bearer $TOKEN" https://example.org',
  'Authorization: Bearer \u0024{TOKEN}',
  'Authorization: Bearer <token>',
  '`Authorization: Bearer`',
  'Authorization: Bearer ...',
  'TOKEN=$GITHUB_TOKEN make; PASSWORD="\u0024{PASSWORD}"; SECRET="..."; token="<your token>"',
  'API_KEY={{ vault.key }} token="{{token}}" password=%PASSWORD% password="****"',
  'postgres://app:$DB_PASSWORD@db/app https://<user>:<password>@host/ https://me:***@host/',
  'X-Api-Key: $KEY',
  'password: "xxxxxxxx"',
]
