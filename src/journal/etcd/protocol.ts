import { fromJSON, type MethodDefinition, type ServiceDefinition } from '@grpc/proto-loader'

/*
 * The part of etcd's public API (v3, package etcdserverpb) that the journal uses, with the field numbers of rpc.proto and
 * kv.proto. What is not listed is ignored when it arrives, as protobuf does with unknown fields.
 */

type Fields = Readonly<Record<string, string>>

/** A message of fields written as `number type` or `number repeated type`. */
function message(fields: Fields, oneofs?: Readonly<Record<string, { oneof: string[] }>>) {
  const entries = Object.entries(fields).map(([name, text]) => {
    const [id, ...words] = text.split(' ')
    const type = words.at(-1) ?? ''
    return [name, { id: Number(id), type, ...(words.length > 1 && { rule: 'repeated' }) }]
  })
  return { fields: Object.fromEntries(entries), ...(oneofs && { oneofs }) }
}

const HEADER = '1 ResponseHeader'
const INTERVAL = { key: '1 bytes', rangeEnd: '2 bytes' }

const MESSAGES = {
  ResponseHeader: message({ revision: '3 int64' }),
  KeyValue: message({ key: '1 bytes', modRevision: '3 int64', value: '5 bytes', lease: '6 int64' }),
  RangeRequest: message({ ...INTERVAL, limit: '3 int64', keysOnly: '8 bool' }),
  RangeResponse: message({ header: HEADER, kvs: '2 repeated KeyValue', more: '3 bool' }),
  PutRequest: message({ key: '1 bytes', value: '2 bytes', lease: '3 int64' }),
  PutResponse: message({ header: HEADER }),
  DeleteRangeRequest: message(INTERVAL),
  DeleteRangeResponse: message({ header: HEADER }),
  RequestOp: message(
    { range: '1 RangeRequest', put: '2 PutRequest', deleteRange: '3 DeleteRangeRequest' },
    { request: { oneof: ['range', 'put', 'deleteRange'] } },
  ),
  ResponseOp: message(
    { range: '1 RangeResponse', put: '2 PutResponse', deleteRange: '3 DeleteRangeResponse' },
    { response: { oneof: ['range', 'put', 'deleteRange'] } },
  ),
  Compare: message(
    { target: '2 int32', key: '3 bytes', createRevision: '5 int64', modRevision: '6 int64', value: '7 bytes' },
    { operand: { oneof: ['createRevision', 'modRevision', 'value'] } },
  ),
  TxnRequest: message({
    compare: '1 repeated Compare',
    success: '2 repeated RequestOp',
    failure: '3 repeated RequestOp',
  }),
  TxnResponse: message({ header: HEADER, succeeded: '2 bool', responses: '3 repeated ResponseOp' }),
  CompactionRequest: message({ revision: '1 int64' }),
  CompactionResponse: message({ header: HEADER }),
  LeaseGrantRequest: message({ ttl: '1 int64', id: '2 int64' }),
  LeaseGrantResponse: message({ header: HEADER, id: '2 int64', ttl: '3 int64' }),
  LeaseRevokeRequest: message({ id: '1 int64' }),
  LeaseRevokeResponse: message({ header: HEADER }),
  LeaseKeepAliveRequest: message({ id: '1 int64' }),
  LeaseKeepAliveResponse: message({ header: HEADER, id: '2 int64', ttl: '3 int64' }),
  WatchRequest: message(
    { create: '1 WatchCreateRequest', progress: '3 WatchProgressRequest' },
    { request: { oneof: ['create', 'progress'] } },
  ),
  WatchCreateRequest: message({ ...INTERVAL, startRevision: '3 int64' }),
  WatchProgressRequest: message({}),
  Event: message({ type: '1 int32', kv: '2 KeyValue' }),
  WatchResponse: message({
    header: HEADER,
    created: '3 bool',
    canceled: '4 bool',
    compactRevision: '5 int64',
    cancelReason: '6 string',
    events: '11 repeated Event',
  }),
  MemberListRequest: message({}),
  Member: message({ id: '1 uint64', isLearner: '5 bool' }),
  MemberListResponse: message({ header: HEADER, members: '2 repeated Member' }),
  StatusRequest: message({}),
  StatusResponse: message({ header: HEADER, version: '2 string', dbSize: '3 int64' }),
  AuthenticateRequest: message({ name: '1 string', password: '2 string' }),
  AuthenticateResponse: message({ header: HEADER, token: '2 string' }),
}

const SERVICES = {
  KV: { methods: { Range: call('Range'), Txn: call('Txn'), Compact: call('Compaction') } },
  Watch: { methods: { Watch: stream('Watch') } },
  Lease: {
    methods: {
      LeaseGrant: call('LeaseGrant'),
      LeaseRevoke: call('LeaseRevoke'),
      LeaseKeepAlive: stream('LeaseKeepAlive'),
    },
  },
  Cluster: { methods: { MemberList: call('MemberList') } },
  Maintenance: { methods: { Status: call('Status') } },
  Auth: { methods: { Authenticate: call('Authenticate') } },
}

function call(name: string) {
  return { requestType: `${name}Request`, responseType: `${name}Response`, comment: '' }
}

function stream(name: string) {
  return { ...call(name), requestStream: true, responseStream: true }
}

const DEFINITION = fromJSON(
  { nested: { etcdserverpb: { nested: { ...MESSAGES, ...SERVICES } } } },
  { longs: Number, defaults: true },
)

/** How a method is called: its path, and how its messages become bytes and objects. */
export function methodOf(service: keyof typeof SERVICES, name: string): MethodDefinition<object, object> {
  const definition = DEFINITION[`etcdserverpb.${service}`] as ServiceDefinition
  const method = definition[name]
  if (method === undefined) throw new TypeError(`etcd has no method ${service}.${name}`)
  return method
}

/** What a comparison looks at, by its number in rpc.proto. */
export const COMPARE = { create: 1, mod: 2, value: 3 } as const
/** `type` of an event. */
export const DELETED = 1

export interface KeyValue {
  readonly key: Buffer
  readonly modRevision: number
  readonly value: Buffer
  readonly lease: number
}

interface Header {
  readonly header: { readonly revision: number }
}

export interface Interval {
  readonly key: Buffer
  /** The first key behind it; absent for one key. */
  readonly rangeEnd?: Buffer
}

export interface RangeRequest extends Interval {
  /** Keys at most, in ascending order; etcd sorts all there are before it cuts when another order is asked for. */
  readonly limit?: number
  readonly keysOnly?: boolean
}

export interface RangeResponse extends Header {
  readonly kvs: readonly KeyValue[]
  readonly more: boolean
}

export type RequestOp =
  | { readonly range: RangeRequest }
  | { readonly put: { readonly key: Buffer; readonly value: Buffer; readonly lease?: number } }
  | { readonly deleteRange: Interval }

/** Holds when the two are equal; a key that does not exist has revision 0. */
export type Compare = { readonly key: Buffer } & (
  | { readonly target: typeof COMPARE.create; readonly createRevision: number }
  | { readonly target: typeof COMPARE.mod; readonly modRevision: number }
  | { readonly target: typeof COMPARE.value; readonly value: Buffer }
)

export interface TxnRequest {
  readonly compare?: readonly Compare[]
  readonly success: readonly RequestOp[]
  readonly failure?: readonly RequestOp[]
}

export interface TxnResponse extends Header {
  readonly succeeded: boolean
  readonly responses: readonly { readonly range?: RangeResponse }[]
}

export interface WatchResponse extends Header {
  readonly created: boolean
  readonly canceled: boolean
  /** Above 0 when the revisions that were asked for are compacted away. */
  readonly compactRevision: number
  readonly cancelReason: string
  readonly events: readonly { readonly type: number; readonly kv: KeyValue }[]
}

/** Methods with one request and one answer. */
export interface Calls {
  'KV.Range': { request: RangeRequest; response: RangeResponse }
  'KV.Txn': { request: TxnRequest; response: TxnResponse }
  'KV.Compact': { request: { readonly revision: number }; response: Header }
  'Lease.LeaseGrant': {
    request: { readonly ttl: number; readonly id: number }
    response: Header & { readonly ttl: number }
  }
  'Lease.LeaseRevoke': { request: { readonly id: number }; response: Header }
  'Cluster.MemberList': { request: object; response: Header & { readonly members: readonly { isLearner: boolean }[] } }
  'Maintenance.Status': { request: object; response: Header & { readonly version: string; readonly dbSize: number } }
  'Auth.Authenticate': {
    request: { readonly name: string; readonly password: string }
    response: Header & { readonly token: string }
  }
}

/** Methods whose requests and answers come one after the other, on a stream. */
export interface Streams {
  'Watch.Watch': {
    request: { readonly create: Interval & { readonly startRevision: number } } | { readonly progress: object }
    response: WatchResponse
  }
  'Lease.LeaseKeepAlive': { request: { readonly id: number }; response: Header & { readonly ttl: number } }
}
