import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openai } from './models/openai.mjs'

/** Codex, as somebody runs it without a terminal in a project that was set up for it. */
export const codex = {
  title: 'Codex',
  setup: 'codex',
  /** As it calls itself when it connects, which is what its swarm is named after. */
  calledItself: 'codex-mcp-client',
  dialect: openai,
  /** How to start it with `home` for all that it keeps. Its user trusted the project once, as setup says. */
  start: async ({ home, url, project, prompt }) => {
    const config = [
      'model = "scripted"',
      'model_provider = "scripted"',
      'check_for_update_on_startup = false',
      '[analytics]',
      'enabled = false',
      // These fetch what there is of them from elsewhere.
      '[features]',
      'plugins = false',
      'apps = false',
      '[model_providers.scripted]',
      'name = "scripted"',
      `base_url = "${url}/v1"`,
      'wire_api = "responses"',
      'env_key = "SCRIPTED_KEY"',
      `[projects.${JSON.stringify(project.folder)}]`,
      'trust_level = "trusted"',
    ]
    await writeFile(join(home, 'config.toml'), `${config.join('\n')}\n`)
    return { args: ['exec', '--json', prompt], env: { CODEX_HOME: home, SCRIPTED_KEY: 'none-is-needed' } }
  },
  /** What it says of the calls of our tools, out of the events that it prints: `{ tool, structured, failed }`. */
  calls: (events) =>
    events
      .filter(({ type, item }) => type === 'item.completed' && item.type === 'mcp_tool_call')
      .filter(({ item }) => item.server === 'infrafabric')
      .map(({ item: { tool, result, status } }) => ({
        tool,
        structured: result?.structured_content,
        failed: status === 'failed',
      })),
  lastWords: (events) => events.findLast(({ item }) => item?.type === 'agent_message')?.item.text,
}
