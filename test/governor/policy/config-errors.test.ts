import { describe, expect, test } from 'vitest'
import { readConfig } from '../../../src/governor/policy/config.js'
import { LIMITS } from '../../../src/model/limits.js'
import { FILE, places, problemsOf, refusalOf } from './support.js'

/** What is read, and `line field` of each problem. */
const BAD: Record<string, readonly [source: string, ...places: string[]]> = {
  'an unknown key at the top': ['listen: localhost:1\nresource_polcy: {}', '2 resource_polcy'],
  'an unknown key further down': ['help:\n  answer_in: 5m', '2 help.answer_in'],
  'an unknown key in a budget': ["budgets:\n  boards:\n    '*':\n      year: 5", '4 budgets.boards.*.year'],
  'an unknown key in a limit': ['budgets: {fabric: {day: {dolars: 5, dollars: 4}}}', '1 budgets.fabric.day.dolars'],
  'an unknown key in a channel': [
    'channels:\n- kind: webhook\n  name: x\n  url_env: A\n  port: 5',
    '5 channels[0].port',
  ],
  'a key given twice': ['listen: a:1\nlisten: b:2', '2 listen'],
  'a key given twice further down': ['budgets:\n  fabric:\n    day: 1\n    day: 2', '4 budgets.fabric.day'],
  'a key given twice in other quotes': ['help:\n  automatic: true\n  "automatic": false', '3 help.automatic'],
  'a key without a value': ['help:\n  automatic:', '2 help.automatic'],
  'a section without a value': ['help:', '1 help'],
  'a list in place of a map': ['resource_policy:\n  - a', '1 resource_policy'],
  'a list in place of the file': ['- a', '1 '],
  'a text in place of the file': ['hello', '1 '],
  'a text in place of a list': ['resource_policy: {tiers: haiku}', '1 resource_policy.tiers'],
  'a text in place of a truth value': ['help: {automatic: "true"}', '1 help.automatic'],
  'yes in place of a truth value': ['help: {automatic: yes}', '1 help.automatic'],
  'a number in place of a text': ['prices: {version: 5}', '1 prices.version'],
  'a fraction in place of a whole number': [
    'resource_policy: {max_swarms_per_task: 2.5}',
    '1 resource_policy.max_swarms_per_task',
  ],
  'a whole number with a point': [
    'resource_policy: {max_swarms_per_task: 3.0}',
    '1 resource_policy.max_swarms_per_task',
  ],
  'a hexadecimal number': ['resource_policy: {max_swarms_per_task: 0x3}', '1 resource_policy.max_swarms_per_task'],
  'too few swarms': ['resource_policy: {max_swarms_per_task: 0}', '1 resource_policy.max_swarms_per_task'],
  'too many swarms': ['resource_policy: {max_swarms_per_task: 1001}', '1 resource_policy.max_swarms_per_task'],
  'a match above 1': ['resource_policy: {min_capability_match: 1.01}', '1 resource_policy.min_capability_match'],
  'a match in percent': ['resource_policy: {min_capability_match: 70}', '1 resource_policy.min_capability_match'],
  'a negative reputation': ['resource_policy: {minimum_reputation: -0.1}', '1 resource_policy.minimum_reputation'],
  'no number for a match': ['resource_policy: {min_capability_match: .nan}', '1 resource_policy.min_capability_match'],
  'no failures': [
    'resource_policy: {circuit_breaker_failure_threshold: 0}',
    '1 resource_policy.circuit_breaker_failure_threshold',
  ],
  'a tier named twice': ['resource_policy: {tiers: [a, b, a]}', '1 resource_policy.tiers'],
  'a tier that is no id': ['resource_policy:\n  tiers:\n    - a\n    - b c', '4 resource_policy.tiers[1]'],
  'a rule for everything': [
    "resource_policy: {capability_rules: {'*': {granted_only: true}}}",
    '1 resource_policy.capability_rules.*',
  ],
  'a rule without a domain': [
    'resource_policy:\n  capability_rules:\n    rust: {granted_only: true}',
    '3 resource_policy.capability_rules.rust',
  ],
  'a rule that asks for nothing': [
    'resource_policy: {capability_rules: {code:go: {}}}',
    '1 resource_policy.capability_rules.code:go',
  ],
  'a capability without a domain': ['capability_registry:\n  rust: Rust', '2 capability_registry.rust'],
  'a meaning of two lines': ['capability_registry:\n  code:x: |\n    a\n    b', '2 capability_registry.code:x'],
  'a meaning with a control character': ['capability_registry:\n  code:x: "\\e[31m"', '2 capability_registry.code:x'],
  'a blank meaning': ['capability_registry:\n  code:x: " "', '2 capability_registry.code:x'],
  'a scope that is no id': ['budgets:\n  swarms:\n    a b: {day: 1}', '3 budgets.swarms."a b"'],
  'a limit of nothing': ['budgets: {fabric: {day: {}}}', '1 budgets.fabric.day'],
  'a limit that is a list': ['budgets: {fabric: {day: [5]}}', '1 budgets.fabric.day'],
  'a limit with a sign': ['budgets: {fabric: {day: {input_tokens: -1}}}', '1 budgets.fabric.day.input_tokens'],
  'tokens beyond what is exact': [
    'budgets: {fabric: {day: {input_tokens: 9007199254740992}}}',
    '1 budgets.fabric.day.input_tokens',
  ],
  'groups beyond what is exact': [
    'budgets: {fabric: {day: {input_tokens: 9_007_199_254_740_992}}}',
    '1 budgets.fabric.day.input_tokens',
  ],
  'groups of two': ['budgets: {fabric: {day: {input_tokens: 10_00}}}', '1 budgets.fabric.day.input_tokens'],
  'percents beyond 100': ['budgets: {warn_percent: 101}', '1 budgets.warn_percent'],
  'prices without a version': ['prices:\n  models: {}', '1 prices.version'],
  'a price that is missing': [
    'prices:\n  version: a\n  models:\n    m: {input_nanos: 1}',
    '4 prices.models.m.output_nanos',
  ],
  'a price that is not whole': [
    'prices:\n  version: a\n  models:\n    m:\n      input_nanos: 0.5\n      output_nanos: 1',
    '5 prices.models.m.input_nanos',
  ],
  'a model with a space': [
    'prices:\n  version: a\n  models:\n    m m: {input_nanos: 1, output_nanos: 1}',
    '4 prices.models."m m"',
  ],
  'a duration without a unit': ['help: {answer_within: 30}', '1 help.answer_within'],
  'a duration in days': ['help: {answer_within: 1d}', '1 help.answer_within'],
  'a duration of nothing': ['help: {answer_within: 0s}', '1 help.answer_within'],
  'a duration that is too long': ['help: {answer_within: 721h}', '1 help.answer_within'],
  'a duration with a fraction': ['escalation: {expires_after: 1.5h}', '1 escalation.expires_after'],
  'a negative duration': ['escalation: {expires_after: -1h}', '1 escalation.expires_after'],
  'more calls needed than looked at': ['breakers:\n  probes: 1\n  minimum_calls: 101', '3 breakers.minimum_calls'],
  'fewer calls looked at than needed by default': ['breakers:\n  window_calls: 9', '1 breakers.minimum_calls'],
  'a breaker open longer than its longest': ['breakers:\n  open_for: 6m', '2 breakers.open_for'],
  'a channel of no kind': ['channels:\n  - name: x', '2 channels[0].kind'],
  'a channel of an unknown kind': ['channels:\n  - name: x\n    kind: sms', '3 channels[0].kind'],
  'a webhook without a URL': ['channels:\n  - kind: webhook\n    name: x', '2 channels[0]'],
  'a webhook with two URLs': ['channels: [{kind: webhook, name: x, url: "https://a/", url_env: A}]', '1 channels[0]'],
  'a URL with a password': ['channels:\n- kind: webhook\n  name: x\n  url: https://u:p@h/', '4 channels[0].url'],
  'a URL of a file': ['channels:\n- kind: webhook\n  name: x\n  url: file:///etc/passwd', '4 channels[0].url'],
  'a severity that does not exist': [
    'channels:\n- kind: webhook\n  name: x\n  url_env: A\n  min_severity: high',
    '5 channels[0].min_severity',
  ],
  'a variable with a dollar sign': ['channels:\n- kind: webhook\n  name: x\n  url_env: $A', '4 channels[0].url_env'],
  'a channel named twice': [
    'channels:\n- {kind: webhook, name: x, url_env: A}\n- {kind: webhook, name: x, url_env: B}',
    '3 channels[1].name',
  ],
  'mail to nobody': ['channels: [{kind: email, name: x, host: h, from: a@b, to: []}]', '1 channels[0].to'],
  'an address with a line break': [
    'channels: [{kind: email, name: x, host: h, from: "a@b\\nBcc: c@d", to: [a@b]}]',
    '1 channels[0].from',
  ],
  'a user without a password': [
    'channels: [{kind: email, name: x, host: h, from: a@b, to: [a@b], user_env: A}]',
    '1 channels[0]',
  ],
  'a port that does not exist': [
    'channels: [{kind: email, name: x, host: h, port: 65536, from: a@b, to: [a@b]}]',
    '1 channels[0].port',
  ],
  'a webhook that everybody on the way can read': [
    'channels: [{kind: webhook, name: x, url: "http://example.com/hook"}]',
    '1 channels[0].url',
  ],
  'too many channels': [`channels:\n${'- {kind: webhook, name: x, url_env: A}\n'.repeat(17)}`, '1 channels'],
  'an address without a port': ['listen: localhost', '1 listen'],
  'an address that other machines reach': ['listen: 0.0.0.0:7420', '1 listen'],
  'an address with a port that does not exist': ['listen: localhost:65536', '1 listen'],
}

describe('refused, with its line and field, is', () => {
  test.each(Object.entries(BAD).map(([name, [source, ...expected]]) => ({ name, source, expected })))(
    '$name',
    ({ source, expected }) => {
      expect(places(source)).toEqual(expected)
    },
  )
})

describe('the message', () => {
  test('begins with file and line, says what to do, and counts the others', () => {
    const source = 'help:\n  automatic: 1\nresource_policy:\n  max_swarm_per_task: 3\n  tiers: {}\n'
    const error = refusalOf(() => readConfig(FILE, source))
    expect(error.message).toBe(
      'infrafabric.yaml:2: help.automatic is neither true nor false. There are 2 more problems in it.',
    )
    expect(error.details.file).toBe(FILE)
    expect(error.details.problems).toEqual([
      {
        file: FILE,
        line: 2,
        severity: 'error',
        field: 'help.automatic',
        problem: 'is neither true nor false.',
        message: 'help.automatic is neither true nor false.',
      },
      {
        file: FILE,
        line: 4,
        severity: 'error',
        field: 'resource_policy.max_swarm_per_task',
        problem: 'is no key that is known here. Did you mean max_swarms_per_task?',
        message: 'resource_policy.max_swarm_per_task is no key that is known here. Did you mean max_swarms_per_task?',
      },
      expect.objectContaining({ line: 5, field: 'resource_policy.tiers' }),
    ])
  })

  test('lists the keys where an unknown one is like none of them', () => {
    const [problem] = problemsOf(() => readConfig(FILE, 'budgets: {fabric: {fortnight: 5}}'))
    expect(problem?.problem).toBe('is no key that is known here. Remove it, or use one of: total, day, week, month.')
  })

  test('repeats no value: it could be a secret', () => {
    const secret = 'hunter2-hunter2'
    const sources = [
      `channels: [{kind: webhook, name: x, url: 'https://u:${secret}@h/'}]`,
      `channels: [{kind: email, name: ${secret}!, host: '${secret} ', from: '${secret}', to: ['${secret}'], port: ${secret}}]`,
      `listen: ${secret}`,
      `help: {answer_within: ${secret}, automatic: ${secret}}`,
      `resource_policy: {max_cost_per_task: ${secret}, min_capability_match: ${secret}, max_swarms_per_task: ${secret}}`,
    ]
    for (const source of sources) {
      expect(JSON.stringify(refusalOf(() => readConfig(FILE, source)).report())).not.toContain(secret)
    }
  })

  test('holds no control characters and no endless key', () => {
    const { message } = refusalOf(() => readConfig(FILE, `"\\e[2J\\u202e${'x'.repeat(5_000)}": 1`))
    expect(message).not.toMatch(/[^ -~…]/)
    expect(message.length).toBeLessThan(400)
  })

  test('tells at most so many problems, the first ones', () => {
    const source = Array.from({ length: 300 }, (_, index) => `bad${index}: 1`).join('\n')
    const problems = problemsOf(() => readConfig(FILE, source))
    expect(problems).toHaveLength(LIMITS.configProblems)
    expect(problems.map(({ line }) => line)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1))
    expect(refusalOf(() => readConfig(FILE, source)).message).toMatch(/There are 299 more problems/)
  })

  test('is told of a policy that is too large for the log', () => {
    const lines = Array.from({ length: 110 }, (_, index) => `  code:x${index}: ${'x'.repeat(500)}`)
    const [problem] = problemsOf(() => readConfig(FILE, `capability_registry:\n${lines.join('\n')}`))
    expect(problem?.message).toMatch(/^The policy is too large for the log: \d+ bytes of at most 49152\./)
  })
})
