import assert from 'node:assert/strict'

/** Steps of scripts, and what came of them as the model reads it. */

export function call(tool, input = {}) {
  return { tool, input }
}

/** The answer of a call. */
export function answered({ text, isError }) {
  assert.notEqual(isError, true, text)
  const answer = JSON.parse(text)
  assert.equal(answer.code, undefined, text)
  return answer
}

/** Why a call failed. Not every client tells its model that it did by more than the text. */
export function refused({ text, isError }) {
  assert.notEqual(isError, false, text)
  const { code, message, retryable, hint, ...rest } = JSON.parse(text)
  for (const part of [code, message, hint]) assert.equal(typeof part, 'string', text)
  return { code, retryable, hint, ...rest }
}
