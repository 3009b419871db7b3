import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { createProgram } from '../../src/cli/program.js'
import { parseEtcdUrl } from '../../src/journal/etcd/options.js'
import { parseNatsUrl } from '../../src/journal/nats/options.js'
import { shellWords } from '../cli/shell-words.js'
import { natsVersion } from '../support/nats-server.js'

const DIRECTORY = fileURLToPath(new URL('../../examples/deployment', import.meta.url))
const read = (name: string) => readFileSync(`${DIRECTORY}/${name}`, 'utf8')
const units = readdirSync(DIRECTORY).filter((name) => /\.(service|timer)$/.test(name))

/** Whether a command line of `ifab`, without the name of the program, is one that it takes. */
async function isTaken(argv: readonly string[]): Promise<boolean> {
  let reached = false
  const run = async () => {
    reached = true
  }
  await createProgram(run, () => undefined).parseAsync(argv, { from: 'user' })
  return reached
}

/** What a command says, where it is installed. */
function said(command: string, ...args: string[]): string | undefined {
  const { error, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', cwd: DIRECTORY })
  return error === undefined ? `${stdout}${stderr}` : undefined
}

/** Flags of a command line that the program does not know, where it is installed. */
function unknownFlags(command: string, argv: readonly string[]): string[] {
  const help = said(command, '--help')
  const flags = argv.filter((word) => word.startsWith('-'))
  return flags.filter((flag) => help !== undefined && !help.split(/[\s,]+/).includes(flag))
}

/** `Section.Key` -> values, with lines joined as systemd does it. */
function settingsOf(unit: string): Map<string, string[]> {
  const settings = new Map<string, string[]>()
  let section = ''
  for (const line of read(unit)
    .replace(/\\\n\s*/g, '')
    .split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    const [, name] = /^\[(Unit|Service|Timer|Install)\]$/.exec(line) ?? []
    if (name !== undefined) {
      section = name
      continue
    }
    const [, key, value] = /^([A-Z][A-Za-z]+)=(.+)$/.exec(line) ?? []
    if (key === undefined || value === undefined) throw new Error(`${unit}: ${line}`)
    settings.set(`${section}.${key}`, [...(settings.get(`${section}.${key}`) ?? []), value])
  }
  return settings
}

/** Variables of node.env, and those that systemd sets. */
function environment(): Map<string, string> {
  const lines = read('node.env')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  const pairs = lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const)
  return new Map([...pairs, ['CREDENTIALS_DIRECTORY', '/run/credentials']])
}

describe('the units of systemd', () => {
  test('are found', () => {
    expect(units).toHaveLength(4)
  })

  test.each(units)('%s has settings in sections, and systemd takes it', (unit) => {
    expect(settingsOf(unit).get('Unit.Description')).toHaveLength(1)
    const verdict = said('systemd-analyze', 'verify', `./${unit}`) ?? ''
    const faults = verdict.split('\n').filter((line) => line !== '' && !line.includes('ifab is not executable'))
    expect(faults).toEqual([])
  })

  test.each(units.filter((unit) => unit.endsWith('.service')))('%s starts ifab as it can be started', async (unit) => {
    const [start = ''] = settingsOf(unit).get('Service.ExecStart') ?? []
    const variables = environment()
    const line = start.replace(/\$\{(\w+)\}/g, (_, name) => variables.get(name) ?? `unknown variable ${name}`)
    const [program, ...argv] = shellWords(line)
    expect(program).toBe('/usr/local/bin/ifab')
    expect(await isTaken(argv)).toBe(true)
  })

  test('the nodes name journals as the drivers read them', () => {
    const journals = [...read('node.env').matchAll(/^(?:# .*)?JOURNAL=(\S+)$/gm)].map(([, url]) => url ?? '')
    expect(journals).toHaveLength(2)
    for (const url of journals) {
      const { servers, name } = url.startsWith('nats:') ? parseNatsUrl(url) : parseEtcdUrl(url)
      expect({ servers: servers.length, name }).toEqual({ servers: 3, name: 'build' })
    }
  })
})

interface Service {
  readonly image: string
  readonly command: readonly string[]
  readonly volumes: readonly string[]
  readonly secrets?: readonly string[]
  readonly depends_on?: readonly string[]
}

interface Composition {
  readonly services: Readonly<Record<string, Service>>
  readonly volumes: object
  readonly secrets?: object
}

describe.each(['compose.yaml', 'compose-nodes.yaml'])('the composition %s', (name) => {
  const { services, volumes, secrets = {} }: Composition = parse(read(name), { merge: true })

  test('names only what it has', () => {
    for (const service of Object.values(services)) {
      const used = service.volumes.map((volume) => volume.split(':')[0] ?? '')
      expect(Object.keys(volumes)).toEqual(expect.arrayContaining(used))
      expect(Object.keys(secrets)).toEqual(expect.arrayContaining([...(service.secrets ?? [])]))
      expect(Object.keys(services)).toEqual(expect.arrayContaining([...(service.depends_on ?? [])]))
    }
  })

  test('starts programs as they can be started', async () => {
    for (const { image, command } of Object.values(services)) {
      if (image === 'infrafabric') expect(await isTaken(command)).toBe(true)
      else expect(unknownFlags('nats-server', command)).toEqual([])
    }
  })
})

describe('the image', () => {
  test('starts ifab', async () => {
    const instructions = read('Dockerfile')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
    for (const line of instructions) expect(line).toMatch(/^(FROM|RUN|COPY|USER|ENV|VOLUME|ENTRYPOINT|CMD) /)
    const last = (name: string) =>
      JSON.parse(instructions.findLast((line) => line.startsWith(name))?.slice(name.length) ?? '')
    expect(last('ENTRYPOINT ')).toEqual(['ifab'])
    expect(await isTaken(last('CMD '))).toBe(true)
  })
})

describe('the servers', () => {
  test('NATS takes its configuration', () => {
    const configuration = read('nats.conf')
    // Older servers do not know it, which the guide says.
    expect(configuration).toContain('sync_interval: always')
    const known = natsVersion >= 210 ? configuration : configuration.replace(/^.*sync_interval.*$/m, '')
    const directory = mkdtempSync(join(tmpdir(), 'ifab-deployment-'))
    writeFileSync(join(directory, 'nats.conf'), known)
    const verdict = said('nats-server', '-t', '-c', join(directory, 'nats.conf'))
    rmSync(directory, { recursive: true })
    expect(verdict ?? 'is valid').toContain('is valid')
  })

  test('etcd knows its settings', () => {
    const settings = Object.keys(parse(read('etcd.yaml')))
    expect(settings.length).toBeGreaterThan(8)
    const help = said('etcd', '--help')
    const unknown = settings.filter((setting) => help !== undefined && !help.includes(`--${setting} `))
    expect(unknown).toEqual([])
  })
})
