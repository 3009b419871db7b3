import type * as z from 'zod'

/** As much of OpenAPI 3.1 as the document uses. */

export type Schema = z.core.JSONSchema.JSONSchema

export interface OpenApiDocument {
  readonly openapi: '3.1.0'
  readonly info: Readonly<Record<string, unknown>>
  readonly servers: readonly { readonly url: string; readonly description: string }[]
  readonly tags: readonly Tag[]
  readonly security: readonly SecurityRequirement[]
  readonly paths: Readonly<Record<string, PathItem>>
  readonly components: Components
}

export interface Tag {
  readonly name: string
  readonly description: string
}

type SecurityRequirement = Readonly<Record<string, readonly string[]>>
type Method = 'get' | 'put' | 'post'
export type PathItem = { readonly [M in Method]?: OperationObject }

export interface Components {
  readonly schemas: Readonly<Record<string, Schema>>
  readonly parameters: Readonly<Record<string, Parameter>>
  readonly headers: Readonly<Record<string, Header>>
  readonly responses: Readonly<Record<string, ResponseObject>>
  readonly securitySchemes: Readonly<Record<string, unknown>>
}

export interface OperationObject {
  readonly operationId: string
  readonly tags: readonly string[]
  readonly summary: string
  readonly description: string
  /** The least role that may call it; absent where no token is asked for. */
  readonly 'x-role'?: string
  readonly security?: readonly SecurityRequirement[]
  readonly parameters?: readonly (Parameter | Reference)[]
  readonly requestBody?: RequestBody
  readonly responses: Readonly<Record<string, ResponseObject | Reference>>
}

export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly description: string
  readonly required?: boolean
  readonly schema: Schema
  readonly example?: unknown
}

export interface RequestBody {
  readonly required: boolean
  readonly content: Readonly<Record<string, MediaType>>
}

export interface ResponseObject {
  readonly description: string
  readonly headers?: Readonly<Record<string, Header | Reference>>
  readonly content?: Readonly<Record<string, MediaType>>
}

export interface MediaType {
  readonly schema: Schema
  readonly example?: unknown
}

interface Header {
  readonly description: string
  readonly schema: Schema
}

export interface Reference {
  readonly $ref: string
}
