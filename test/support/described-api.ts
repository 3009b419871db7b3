import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import type { OpenApiDocument, OperationObject } from '../../src/server/openapi/types.js'

export interface DescribedOperation {
  readonly method: 'get' | 'put' | 'post'
  readonly path: string
  readonly operation: OperationObject
  /** JSON pointer of the operation in the document. */
  readonly pointer: string
}

/** The API as the document describes it, and whether values are as it says. */
export class DescribedApi {
  readonly operations: readonly DescribedOperation[]
  readonly #ajv = new Ajv2020({ strict: false, validateFormats: true })

  constructor(document: OpenApiDocument) {
    addFormats.default(this.#ajv)
    this.#ajv.addSchema(document, 'api')
    this.operations = Object.entries(document.paths).flatMap(([path, item]) =>
      (['get', 'put', 'post'] as const).flatMap((method) => {
        const operation = item[method]
        return operation === undefined ? [] : [{ method, path, operation, pointer: pointerOf('paths', path, method) }]
      }),
    )
  }

  /** What is wrong with a value by the schema that the document has at a place; empty when nothing is. */
  faults(pointer: string, value: unknown): string[] {
    const validate = this.#ajv.getSchema(`api#${pointer}`) ?? this.#ajv.compile({ $ref: `api#${pointer}` })
    return validate(value) ? [] : (validate.errors ?? []).map(describe)
  }
}

export function pointerOf(...steps: readonly (string | number)[]): string {
  return steps.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

function describe({ instancePath, message, params }: ErrorObject): string {
  return `${instancePath || '/'} ${message} ${JSON.stringify(params)}`
}
