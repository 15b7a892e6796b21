/**
 * The wire of Holdfast, which is the JSON API of etcd v3: messages, errors, limits. No I/O, no
 * dependency, any JavaScript runtime.
 */

export { decodeBase64, encodeBase64 } from './bytes/base64.js'
export { compareBytes, equalBytes, isOpenEnd, OPEN_END, prefixEnd } from './bytes/key-range.js'
export { utf8Decode, utf8Encode } from './bytes/utf8.js'
export {
  decodeError,
  decodeStreamError,
  encodeErrorBody,
  encodeStreamError,
  errorFromEtcd,
  type ErrorBody,
  type StreamErrorBody,
} from './errors/error-body.js'
export {
  contentionErrors,
  deadlineExceeded,
  etcdErrors,
  readTooLarge,
  requestIdExpired,
  watchCancelReasons,
  type EtcdError,
  type EtcdErrorName,
} from './errors/etcd-errors.js'
export { FieldError } from './errors/field-error.js'
export {
  grpcStatus,
  grpcStatusName,
  httpStatusOf,
  type GrpcCode,
  type GrpcStatusName,
} from './errors/grpc-status.js'
export {
  CompactedError,
  grpcCodeOf,
  HoldfastError,
  type ErrorOutcome,
  type HoldfastErrorCode,
  type HoldfastErrorOptions,
} from './errors/holdfast-error.js'
export { JsonNumber } from './json/json-number.js'
export { parseFirstJson } from './json/parse.js'
export { JsonSplitter } from './json/splitter.js'
export { limits } from './limits.js'
export { openApiDocument } from './openapi.js'
export * from './messages/cluster.js'
export * from './messages/election.js'
export * from './messages/header.js'
export * from './messages/kv.js'
export * from './messages/lease.js'
export * from './messages/lock.js'
export * from './messages/maintenance.js'
export * from './messages/txn.js'
export * from './messages/watch.js'
export {
  formatRequestId,
  parseRequestId,
  requestIdHeader,
  requestRepeatedHeader,
  type RequestId,
} from './request-id.js'
export { findRoute, pathPrefixes, routes, type Route, type RouteName } from './routes.js'
export { type Field, type JsonObject, type JsonValue } from './schema/field.js'
export { type InputOf, type Message, type MessageOf } from './schema/message.js'
export { features, HoldfastVersion, VersionResponse } from './version.js'
