import { anthropic } from './models/anthropic.mjs'

/** Claude Code, as somebody runs it without a terminal in a project that was set up for it. */
export const claudeCode = {
  title: 'Claude Code',
  setup: 'claude',
  /** As it calls itself when it connects, which is what its swarm is named after. */
  calledItself: 'claude-code',
  dialect: anthropic,
  /** How to start it with `home` for all that it keeps. */
  start: ({ home, url, prompt }) => ({
    args: ['-p', prompt, '--output-format', 'stream-json', '--verbose', '--allowedTools', 'mcp__infrafabric'],
    env: {
      CLAUDE_CONFIG_DIR: home,
      ANTHROPIC_BASE_URL: url,
      ANTHROPIC_API_KEY: 'none-is-needed',
      DISABLE_AUTOUPDATER: '1',
      DISABLE_ERROR_REPORTING: '1',
      DISABLE_TELEMETRY: '1',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    },
  }),
  /** What it says of the calls of our tools, out of the events that it prints: `{ tool, structured, failed }`. */
  calls: (events) => {
    const names = new Map()
    const calls = []
    for (const { type, message, tool_use_result: result } of events) {
      if (type !== 'assistant' && type !== 'user') continue
      for (const block of message.content) {
        if (block.type === 'tool_use') names.set(block.id, block.name)
        if (block.type !== 'tool_result') continue
        const [, tool] = /^mcp__infrafabric__(.*)$/.exec(names.get(block.tool_use_id)) ?? []
        if (tool !== undefined) {
          calls.push({ tool, structured: result.structuredContent, failed: block.is_error === true })
        }
      }
    }
    return calls
  },
  lastWords: (events) => events.findLast(({ type }) => type === 'result')?.result,
}
