import { fileURLToPath } from 'node:url'
import { expect, expectTypeOf, test } from 'vitest'
import type { InputOf, OutputOf, Resource, Verb } from '../../src/client/operation-types.js'
import type * as table from '../../src/operations/table.js'
import { OPERATION_LIST } from '../../src/operations/table.js'
import { renderOperationTypes } from '../support/operation-types.js'

// `npm run generate` writes it anew.
test('the types of the client are those of the table', async () => {
  const path = fileURLToPath(new URL('../../src/client/operation-types.ts', import.meta.url))
  await expect(renderOperationTypes(OPERATION_LIST)).toMatchFileSnapshot(path)
})

/** Without what a caller may do that does not show on the wire: pass a list that cannot be changed, or `undefined`. */
type Sent<T> = T extends readonly (infer Item)[]
  ? readonly Sent<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Sent<Exclude<T[Key], undefined>> }
    : T
type Agree<A, B> = [A, B] extends [B, A] ? true : false

/** Names of operations whose schemas and types differ. */
type Disagreements = {
  [R in Resource]: {
    [V in Verb<R>]: V extends table.Verb<R>
      ? [Agree<Sent<InputOf<R, V>>, Sent<table.InputOf<R, V>>>, Agree<OutputOf<R, V>, table.OutputOf<R, V>>] extends [
          true,
          true,
        ]
        ? never
        : `${R}.${V & string}`
      : never
  }[Verb<R>]
}[Resource]

test('a value of either type is one of the other, which the compiler checks', () => {
  expectTypeOf<Disagreements>().toBeNever()
  expectTypeOf<Resource>().toEqualTypeOf<table.Resource>()
})
