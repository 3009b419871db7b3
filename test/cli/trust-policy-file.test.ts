import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { LIMITS } from '../../src/model/limits.js'
import { ifab, temporaryDirectory } from './console.js'

let directory: string
let policy: string
beforeEach(async () => {
  directory = await temporaryDirectory()
  policy = join(directory, 'trust.policy')
})
afterEach(() => rm(directory, { recursive: true, force: true }))

describe.each([
  ['up', '--witnesses'],
  ['witness serve', '--policy'],
  ['witness verify nowhere', '--policy'],
])('ifab %s %s FILE', (command, option) => {
  async function refused(path = policy): Promise<{ exit: number; code: string; message: string; details: object }> {
    const env = { IFAB_DATA: join(directory, 'data'), XDG_STATE_HOME: directory }
    const { exit, err } = await ifab(env, ...command.split(' '), option, path, '--json')
    return { exit, ...JSON.parse(err) }
  }

  test('names the file and the line that is wrong', async () => {
    await writeFile(policy, '# ours\nwitness w no-key\n')
    expect(await refused()).toMatchObject({ exit: 2, code: 'INVALID_ARGUMENT', details: { line: 2, path: policy } })
    expect((await refused()).message).toContain(`${policy}: `)
  })

  test('reads no more of it than a policy may have', { timeout: 20_000 }, async () => {
    const { code, message } = await refused('/dev/zero')
    expect(code).toBe('INVALID_ARGUMENT')
    expect(message).toContain(`at most ${LIMITS.trustPolicyBytes} are allowed`)
  })

  test('says that there is none', async () => {
    expect((await refused()).message).toContain('there is no such file')
  })
})
