/**
 * The wire as an OpenAPI document, made of the same tables that read and write its messages, so that it
 * cannot say anything else. What it cannot say stands in its descriptions: a client may also send
 * numbers for 64-bit integers and enumerations, and the lowerCamelCase of any name.
 */

import { routes, type Route, type RouteName } from './routes.js'
import { schemaRef, type DescribedMessage, type JsonObject } from './schema/field.js'

const SUMMARIES: Readonly<Record<RouteName, string>> = {
  range: 'Reads the keys of an interval, as they are or were at a revision.',
  put: 'Writes a key.',
  deleteRange: 'Deletes the keys of an interval.',
  txn: 'Compares, and then does one of two lists of operations, all of it or nothing.',
  compaction: 'Forgets what keys were before a revision.',
  watch: 'Tells of every change of the keys of an interval, from any revision on.',
  leaseGrant: 'Grants a lease, whose keys go with it.',
  leaseRevoke: 'Ends a lease, and deletes its keys.',
  leaseKeepAlive: 'Renews leases, one for each message of the request.',
  leaseTimeToLive: 'Tells how long a lease has left, and its keys.',
  leaseLeases: 'Lists all leases.',
  memberList: 'Lists the members of the cluster.',
  memberAdd: 'Adds a member.',
  memberRemove: 'Removes a member.',
  memberUpdate: 'Changes where a member is reached by others.',
  memberPromote: 'Gives a learner its vote.',
  moveLeader: 'Hands the leadership over. Only the leader does it.',
  status: 'Tells how this member fares.',
  alarm: 'Lists, raises or takes back alarms.',
  defragment: 'Gives the space that compactions have freed back to the file system.',
  hash: 'The hash of all that this member stores.',
  hashKv: 'The hash of all keys up to a revision, by which members can be compared.',
  snapshot: 'A copy of the state, in pieces, and at its end the SHA-256 of them.',
  downgrade: 'Refused: there is no earlier format.',
  lock: 'Waits for a lock, which is held for as long as its key is there.',
  unlock: 'Lets a lock go.',
  campaign: 'Waits to be elected.',
  proclaim: 'Says something new as the leader.',
  leader: 'Tells who leads.',
  observe: 'Tells who leads and what it says, from now on.',
  resign: 'Gives the leadership up.',
}

const STREAMED = 'One object a line, for as long as the connection is there.'
const AS_STREAM: Readonly<Record<Route['stream'], string | undefined>> = {
  none: undefined,
  fromOne: STREAMED,
  perRequest: `${STREAMED} The body may hold several messages, one after another.`,
  watch: `${STREAMED} More requests may follow in the body, or over a WebSocket on the same path.`,
}

const ERROR: JsonObject = {
  type: 'object',
  description: 'A refusal: what clients of etcd before 3.6 look at, and what later ones do.',
  properties: {
    error: { type: 'string' },
    code: { type: 'integer', description: 'Of gRPC.' },
    message: { type: 'string' },
  },
  required: ['error', 'code', 'message'],
}

const STREAM_ERROR: JsonObject = {
  type: 'object',
  description: 'What ends a stream that has begun.',
  properties: {
    grpc_code: { type: 'integer', description: 'Of gRPC, as in etcd before 3.6.' },
    http_code: { type: 'integer' },
    http_status: { type: 'string' },
    code: { type: 'integer', description: 'Of gRPC, as in later ones.' },
    message: { type: 'string' },
  },
  required: ['grpc_code', 'http_code', 'http_status', 'code', 'message'],
}

/** @param version of the program that serves it */
export function openApiDocument(version: string): JsonObject {
  const schemas = new Map<string, JsonObject>([
    ['Error', ERROR],
    ['StreamError', STREAM_ERROR],
  ])
  const meet = (message: DescribedMessage): void => {
    if (schemas.has(message.name)) return
    // Noted before it is described: messages may hold themselves.
    schemas.set(message.name, {})
    schemas.set(message.name, message.describe(meet))
  }
  const paths = Object.fromEntries(
    (Object.keys(routes) as RouteName[]).flatMap((name) => pathsOf(name, meet)),
  )
  return {
    openapi: '3.1.0',
    info: {
      title: 'Holdfast',
      version,
      description:
        'The JSON API of etcd v3. Fields that have their default are left out of answers; 64-bit integers are texts there, and may be numbers in requests; bytes are base64; names may be snake_case or lowerCamelCase in requests. `/v3beta` and `/v3alpha` are the same as `/v3`.',
    },
    paths: { ...paths, ...PLAIN_PATHS },
    components: { schemas: Object.fromEntries([...schemas].sort(([a], [b]) => (a < b ? -1 : 1))) },
  }
}

function pathsOf(
  name: RouteName,
  meet: (message: DescribedMessage) => void,
): readonly (readonly [string, JsonObject])[] {
  const { path, aliases, request, response, stream } = routes[name]
  meet(request)
  meet(response)
  const answer = schemaRef(response.name)
  const inStream = {
    type: 'object',
    properties: { result: answer, error: schemaRef('StreamError') },
  }
  const description = AS_STREAM[stream] ?? 'The answer.'
  return [path, ...aliases].map((one, at) => [
    `/v3${one}`,
    {
      post: {
        operationId: at === 0 ? name : `${name}${at + 1}`,
        summary: SUMMARIES[name],
        tags: [path.split('/')[1] ?? ''],
        requestBody: json(schemaRef(request.name)),
        responses: {
          200: { description, ...json(stream === 'none' ? answer : inStream) },
          default: { description: 'It was refused.', ...json(schemaRef('Error')) },
        },
      },
    },
  ])
}

function json(schema: JsonObject): JsonObject {
  return { content: { 'application/json': { schema } } }
}

function plain(summary: string, description: string): JsonObject {
  return {
    get: { summary, tags: ['health'], responses: { 200: { description }, 503: { description } } },
  }
}

const PLAIN_PATHS: JsonObject = {
  '/version': plain('The version of etcd whose API this is, and of the program.', 'JSON'),
  '/health': plain('Whether a linearizable read succeeds, and there is no alarm.', 'JSON'),
  '/livez': plain('Whether the process works.', 'Text'),
  '/readyz': plain('Whether it should be sent requests.', 'Text'),
  '/metrics': plain('What is measured.', 'The text format of Prometheus'),
}
