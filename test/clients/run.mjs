/**
 * Has real agents' programs work a board: `npm run test:clients [claude-code] [codex]`. They come from npm, into a
 * temporary directory, and take a scripted model on loopback for their provider; no account, no key and no other
 * network is needed.
 */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { workAlone } from './alone.mjs'
import { claudeCode } from './claude-code.mjs'
import { codex } from './codex.mjs'
import { installClients } from './install.mjs'
import { installPackage } from './project.mjs'
import { workTogether } from './together.mjs'

const CLIENTS = { 'claude-code': claudeCode, codex }

const named = process.argv.slice(2)
const unknown = named.find((name) => CLIENTS[name] === undefined)
if (unknown !== undefined) {
  console.error(`There is no client ${unknown}. There are ${Object.keys(CLIENTS).join(' and ')}.`)
  process.exit(2)
}
const directory = realpathSync(mkdtempSync(join(tmpdir(), 'infrafabric-clients-')))
process.once('exit', () => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }))

const interruption = new AbortController()
const { signal } = interruption
for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => interruption.abort())

const programs = installClients(directory)
const installed = installPackage(directory)
const chosen = named.length === 0 ? Object.keys(CLIENTS) : [...new Set(named)]
const clients = chosen.map((name) => ({ client: CLIENTS[name], ...programs[name] }))
for (const { client, program, version } of clients) {
  await report(`${client.title} ${version}`, () =>
    workAlone({ client, program, installed, directory: join(directory, client.setup), signal }),
  )
}
if (clients.length > 1) {
  await report(clients.map(({ client }) => client.title).join(' and '), () =>
    workTogether({ clients, installed, directory: join(directory, 'together'), signal }),
  )
}

/** Tells what a scenario found, or why it failed. */
async function report(title, scenario) {
  if (signal.aborted) return
  console.log(`\n# ${title}\n`)
  try {
    for (const line of await scenario()) console.log(`- ${line}`)
  } catch (error) {
    console.error(error)
    process.exitCode = 1
  }
}
