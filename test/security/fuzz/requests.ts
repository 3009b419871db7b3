import { createGeneratorSync, type JsonSchema } from 'json-schema-faker'
import type { Components, OpenApiDocument, Parameter, Schema } from '../../../src/server/openapi/types.js'
import type { DescribedOperation } from '../../support/described-api.js'
import type { Dice } from './dice.js'
import { type Draft, type Input, mutateDraft, mutateInput } from './mutations.js'
import type { Place } from './places.js'

/** Makes requests of an operation from its description: good ones, odd ones and bad ones. */
export class RequestMaker {
  readonly #components: Components
  readonly #dice: Dice
  readonly #faker

  constructor({ components }: OpenApiDocument, dice: Dice, seed: number) {
    this.#components = components
    this.#dice = dice
    this.#faker = createGeneratorSync({
      seed,
      maxItems: 3,
      maxDepth: 4,
      optionalsProbability: 0.3,
      refResolver: (reference) => this.#component(reference),
    })
  }

  /** A request at a place; a plain one is meant to succeed. */
  make({ operation }: DescribedOperation, place: Place, plain: boolean): Draft {
    const dice = this.#dice
    const input = this.#input(operation, place, plain)
    if (!plain && dice.chance(40)) mutateInput(input, dice)
    const draft = draftOf(input)
    if (!plain && dice.chance(25)) mutateDraft(draft, dice)
    return draft
  }

  #input(operation: DescribedOperation['operation'], place: Place, plain: boolean): Input {
    const parameters = (operation.parameters ?? []).filter((item): item is Parameter => 'in' in item)
    const media = operation.requestBody?.content['application/json']
    const value = ({ name, schema, example }: Omit<Parameter, 'in' | 'description'>) =>
      this.#value(name, schema, example, place, plain)
    const valuesOf = (kind: Parameter['in']) =>
      Object.fromEntries(
        parameters.flatMap((item) =>
          item.in === kind && this.#isSent(item.required, item.example, plain) ? [[item.name, value(item)]] : [],
        ),
      )
    const { properties = {}, required = [] } = media?.schema ?? {}
    const example = media?.example as Readonly<Record<string, unknown>> | undefined
    const fields = Object.entries(properties).flatMap(([name, schema]) => {
      const shown = example?.[name]
      if (!this.#isSent(required.includes(name) || (plain && name in place && name === 'epoch'), shown, plain))
        return []
      return [[name, value({ name, schema: schema as Schema, example: shown })]]
    })
    return { path: valuesOf('path'), query: valuesOf('query'), ...(media && { body: Object.fromEntries(fields) }) }
  }

  #isSent(required = false, example: unknown, plain: boolean): boolean {
    return required || (plain ? example !== undefined : this.#dice.chance(40))
  }

  #component(reference: string): JsonSchema {
    const name = reference.slice(reference.lastIndexOf('/') + 1)
    return modest(this.#components.schemas[name] ?? {}) as JsonSchema
  }

  #value(name: string, schema: Schema, example: unknown, place: Place, plain: boolean): unknown {
    // A request that waits would wait for the clock of the test.
    if (name === 'waitMs') return 0
    if (Object.hasOwn(place, name) && (plain || this.#dice.chance(70))) return place[name]
    if (example !== undefined && (plain || this.#dice.chance(30))) return example
    return this.#faker.generate(modest(schema) as JsonSchema)
  }
}

/** The generator makes texts as long as they may be, and then cuts them. */
function modest(schema: Schema): unknown {
  return JSON.parse(JSON.stringify(schema), (key, value) => (key === 'maxLength' ? Math.min(value, TEXT_CHARS) : value))
}

const TEXT_CHARS = 60

function draftOf({ path, query, body }: Input): Draft {
  // The name of a tile is several parts of the path.
  const encode = (name: string, text: string) => (name === 'tile' ? encodeURI(text) : encodeURIComponent(text))
  const encoded = Object.entries(path).map(([name, value]) => [name, encode(name, textOf(value))])
  const search = Object.entries(query).map(
    ([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(textOf(value))}`,
  )
  return {
    path: Object.fromEntries(encoded),
    query: search.join('&'),
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  }
}

/** Without broken Unicode, which no URL can carry. */
function textOf(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
  return Buffer.from(text).toString()
}
