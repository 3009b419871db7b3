import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { ERRORS, FabricError, isErrorCode, isFabricError } from '../../src/model/errors.js'

const page = new URL('../../docs/reference/errors.md', import.meta.url)

async function documentedRows() {
  const lines = (await readFile(page, 'utf8')).split('\n').filter((line) => line.startsWith('| `'))
  return lines.map((line) => {
    const [code, status, exit, retryable, meaning, action] = line.slice(2, -2).split(' | ')
    return { code: code?.replaceAll('`', ''), status, exit, retryable, meaning, action }
  })
}

describe('the registry of errors', () => {
  test('and its documentation say the same, code by code and both ways', async () => {
    const registered = Object.entries(ERRORS).map(([code, { status, exit, retryable, summary }]) => ({
      code,
      status: String(status),
      exit: String(exit),
      retryable: retryable ? 'yes' : 'no',
      meaning: summary,
    }))
    const documented = (await documentedRows()).map(({ action: _, ...row }) => row)
    expect(documented).toEqual(registered)
  })

  test('says for every code what to do', async () => {
    for (const { code, action } of await documentedRows()) expect(action, code).toMatch(/^[A-Z].*\.$/)
  })
})

describe('a coded error', () => {
  const error = new FabricError('ALREADY_CLAIMED', 'A holds it.', { holder: 'A' })

  test('reports what crosses a boundary', () => {
    expect(error.report()).toEqual({
      code: 'ALREADY_CLAIMED',
      message: 'A holds it.',
      retryable: false,
      details: { holder: 'A' },
    })
    expect(new FabricError('UNAVAILABLE', 'later').retryable).toBe(true)
  })

  test('is told from others by its code', () => {
    expect(isFabricError(error, 'ALREADY_CLAIMED')).toBe(true)
    expect(isFabricError(error, 'NOT_FOUND')).toBe(false)
    expect(isFabricError(new Error('x'))).toBe(false)
    expect(isErrorCode('NOT_FOUND')).toBe(true)
    expect(isErrorCode('toString')).toBe(false)
  })
})
