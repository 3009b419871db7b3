import { parse } from 'smol-toml'
import { describe, expect, test } from 'vitest'
import { putTomlTable, readTomlTable, takeTomlTable } from '../../../src/cli/setup/toml-table.js'

const SERVER = { command: 'ifab', args: ['mcp', '--as', 'a"b'] }
const put = (text: string | undefined) => putTomlTable('config.toml', text, SERVER)
const take = (text: string) => takeTomlTable('config.toml', text)

describe('our table in a TOML configuration', () => {
  test('makes a file that goes with it', () => {
    const made = put(undefined)
    expect(made).toBe(`# infrafabric:begin
[mcp_servers.infrafabric]
command = "ifab"
args = ["mcp", "--as", "a\\"b"]
env_vars = ["IFAB_DATA", "IFAB_URL", "IFAB_TOKEN", "IFAB_SWARM", "IFAB_TOOLS"]
required = true
startup_timeout_sec = 60
tool_timeout_sec = 300
# infrafabric:end
`)
    expect(readTomlTable('config.toml', made)).toMatchObject(SERVER)
    expect(take(made)).toBeUndefined()
  })

  test.each([
    '',
    '# mine\nmodel = "x"',
    'model = "x"\r\n\r\n[mcp_servers.other] # theirs\r\ncommand = "y"\r\n',
    '[projects."/tmp/a b"]\ntrust_level = "trusted"\n\n\n',
    'text = """\n# infrafabric\n"""\n',
  ])('leaves no trace in %j', (before) => {
    const after = put(before)
    const { infrafabric, ...others } = parse(after).mcp_servers as Record<string, unknown>
    expect(infrafabric).toMatchObject(SERVER)
    expect({ ...parse(after), mcp_servers: others }).toEqual({ mcp_servers: {}, ...parse(before) })
    expect(put(after)).toBe(after)
    expect(take(after)).toBe(before)
  })

  test.each<[string, string]>([
    ['model = \n', 'config.toml:1:'],
    ['a = 1\na = 2\n', 'config.toml:2:'],
    [
      '[mcp_servers.infrafabric]\ncommand = "x"\n',
      'has a table [mcp_servers.infrafabric] that `ifab setup` did not write',
    ],
    ['[mcp_servers]\ninfrafabric = { command = "x" }\n', 'that `ifab setup` did not write'],
    ['# infrafabric:begin\n', 'config.toml:1: # infrafabric:begin has no # infrafabric:end after it'],
    ['mcp_servers = { other = { command = "y" } }\n', 'config.toml:'],
    // Keys below the block would belong to our table.
    ['# infrafabric:begin\n[mcp_servers.infrafabric]\n# infrafabric:end\nmodel = "x"\n', 'Move the block to its end'],
  ])('is not put into %j', (text, problem) => {
    expect(() => put(text)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    expect(() => put(text)).toThrow(problem)
  })
})
