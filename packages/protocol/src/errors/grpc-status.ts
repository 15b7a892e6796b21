/**
 * gRPC's status codes, their names and the HTTP status that each becomes, as the JSON gateway of
 * etcd 3.6 and later maps them. (3.4 differs in two: Canceled 408, FailedPrecondition 412.)
 */

export const grpcStatus = Object.freeze({
  canceled: { code: 1, name: 'Canceled', http: 499, httpText: 'Client Closed Request' },
  unknown: { code: 2, name: 'Unknown', http: 500, httpText: 'Internal Server Error' },
  invalidArgument: { code: 3, name: 'InvalidArgument', http: 400, httpText: 'Bad Request' },
  deadlineExceeded: { code: 4, name: 'DeadlineExceeded', http: 504, httpText: 'Gateway Timeout' },
  notFound: { code: 5, name: 'NotFound', http: 404, httpText: 'Not Found' },
  alreadyExists: { code: 6, name: 'AlreadyExists', http: 409, httpText: 'Conflict' },
  permissionDenied: { code: 7, name: 'PermissionDenied', http: 403, httpText: 'Forbidden' },
  resourceExhausted: {
    code: 8,
    name: 'ResourceExhausted',
    http: 429,
    httpText: 'Too Many Requests',
  },
  failedPrecondition: { code: 9, name: 'FailedPrecondition', http: 400, httpText: 'Bad Request' },
  aborted: { code: 10, name: 'Aborted', http: 409, httpText: 'Conflict' },
  outOfRange: { code: 11, name: 'OutOfRange', http: 400, httpText: 'Bad Request' },
  unimplemented: { code: 12, name: 'Unimplemented', http: 501, httpText: 'Not Implemented' },
  internal: { code: 13, name: 'Internal', http: 500, httpText: 'Internal Server Error' },
  unavailable: { code: 14, name: 'Unavailable', http: 503, httpText: 'Service Unavailable' },
  dataLoss: { code: 15, name: 'DataLoss', http: 500, httpText: 'Internal Server Error' },
  unauthenticated: { code: 16, name: 'Unauthenticated', http: 401, httpText: 'Unauthorized' },
} as const)

export type GrpcStatusName = keyof typeof grpcStatus
export type GrpcCode = (typeof grpcStatus)[GrpcStatusName]['code']

const names = Object.keys(grpcStatus) as GrpcStatusName[]
const nameByCode = new Map<number, GrpcStatusName>(
  names.map((name) => [grpcStatus[name].code, name]),
)

/** The name of a code; a code that gRPC does not know counts as `unknown`. */
export function grpcStatusName(code: number): GrpcStatusName {
  return nameByCode.get(code) ?? 'unknown'
}

/** The HTTP status and its text for a code. */
export function httpStatusOf(code: number): { readonly http: number; readonly httpText: string } {
  return grpcStatus[grpcStatusName(code)]
}

// For answers without a code of their own: a proxy's page, or plain text from the HTTP server.
const nameByHttpStatus = new Map<number, GrpcStatusName>([
  [400, 'invalidArgument'],
  [401, 'unauthenticated'],
  [403, 'permissionDenied'],
  [404, 'unimplemented'],
  [405, 'unimplemented'],
  [408, 'canceled'],
  [409, 'aborted'],
  [412, 'failedPrecondition'],
  [413, 'resourceExhausted'],
  [421, 'permissionDenied'],
  [429, 'resourceExhausted'],
  [431, 'resourceExhausted'],
  [499, 'canceled'],
  [501, 'unimplemented'],
  [502, 'unavailable'],
  [503, 'unavailable'],
  [504, 'deadlineExceeded'],
])

/** What an HTTP status means when the body does not say. */
export function grpcStatusOfHttp(status: number): GrpcStatusName {
  return nameByHttpStatus.get(status) ?? 'unknown'
}
