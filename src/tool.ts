/** Types for tools in TypeScript that `ifab chassis build` turns into modules. There is nothing in it but types. */
export type {
  Http,
  HttpError,
  HttpRequest,
  HttpResponse,
  Ifab,
  Log,
  Tool,
} from './chassis/build/guest/tool.js'
