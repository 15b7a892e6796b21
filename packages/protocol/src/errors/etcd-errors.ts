/**
 * The errors of etcd by name, with the code and the text that clients match on.
 * Source: etcd api/v3rpc/rpctypes/error.go.
 */

import type { GrpcCode } from './grpc-status.js'

export interface EtcdError {
  readonly code: GrpcCode
  readonly message: string
}

const error = <const Code extends GrpcCode>(
  code: Code,
  text: string,
): { readonly code: Code; readonly message: string } =>
  Object.freeze({ code, message: `etcdserver: ${text}` })

const plainError = (message: string): EtcdError => Object.freeze({ code: 2, message })

export const etcdErrors = Object.freeze({
  emptyKey: error(3, 'key is not provided'),
  keyNotFound: error(3, 'key not found'),
  valueProvided: error(3, 'value is provided'),
  leaseProvided: error(3, 'lease is provided'),
  wrongDowngradeVersion: error(3, 'wrong downgrade target version format'),
  invalidDowngradeTarget: error(3, 'invalid downgrade target version'),
  tooManyOps: error(3, 'too many operations in txn request'),
  duplicateKey: error(3, 'duplicate key given in txn request'),
  invalidSortOption: error(3, 'invalid sort option'),
  invalidClientApiVersion: error(3, 'invalid client api version'),
  badMemberUrls: error(3, 'given member URLs are invalid'),
  requestTooLarge: error(3, 'request is too large'),
  userEmpty: error(3, 'user name is empty'),
  roleEmpty: error(3, 'role name is empty'),
  authenticationFailed: error(3, 'authentication failed, invalid user ID or password'),
  permissionNotGiven: error(3, 'permission not given'),
  invalidAuthManagement: error(3, 'invalid auth management'),
  authRevisionOld: error(3, 'revision of auth store is old'),
  leaseNotFound: error(5, 'requested lease not found'),
  memberNotFound: error(5, 'member not found'),
  permissionDenied: error(7, 'permission denied'),
  noSpace: error(8, 'mvcc: database space exceeded'),
  tooManyRequests: error(8, 'too many requests'),
  leaseExists: error(9, 'lease already exists'),
  memberExists: error(9, 'member ID already exist'),
  peerUrlExists: error(9, 'Peer URLs already exists'),
  notEnoughStarted: error(9, 're-configuration failed due to not enough started members'),
  memberNotLearner: error(9, 'can only promote a learner member'),
  learnerNotReady: error(9, 'can only promote a learner member which is in sync with leader'),
  tooManyLearners: error(9, 'too many learner members in cluster'),
  clusterIdMismatch: error(9, 'cluster ID mismatch'),
  authNotEnabled: error(9, 'authentication is not enabled'),
  userExists: error(9, 'user name already exists'),
  userNotFound: error(9, 'user name not found'),
  roleExists: error(9, 'role name already exists'),
  roleNotFound: error(9, 'role name not found'),
  roleNotGranted: error(9, 'role is not granted to the user'),
  permissionNotGranted: error(9, 'permission is not granted to the role'),
  rootUserNotExist: error(9, 'root user does not exist'),
  rootRoleNotExist: error(9, 'root user does not have root role'),
  notLeader: error(9, 'not leader'),
  notCapable: error(9, 'not capable'),
  notSupportedForLearner: error(9, 'rpc not supported for learner'),
  badLeaderTransferee: error(9, 'bad leader transferee'),
  clusterVersionUnavailable: error(9, 'cluster version not found during downgrade'),
  downgradeInProcess: error(9, 'cluster has a downgrade job in progress'),
  noInflightDowngrade: error(9, 'no inflight downgrade job'),
  compacted: error(11, 'mvcc: required revision has been compacted'),
  futureRevision: error(11, 'mvcc: required revision is a future revision'),
  leaseTtlTooLarge: error(11, 'too large lease TTL'),
  noLeader: error(14, 'no leader'),
  leaderChanged: error(14, 'leader changed'),
  stopped: error(14, 'server stopped'),
  timeout: error(14, 'request timed out'),
  timeoutDueToLeaderFail: error(14, 'request timed out, possibly due to previous leader failure'),
  timeoutDueToConnectionLost: error(14, 'request timed out, possibly due to connection lost'),
  /** etcd has no code for it, and so sends it with 2. */
  timeoutLeaderTransfer: error(14, 'request timed out, leader transfer took too long'),
  timeoutWaitAppliedIndex: error(
    14,
    'request timed out, waiting for the applied index took too long',
  ),
  unhealthy: error(14, 'unhealthy cluster'),
  corrupt: error(15, 'corrupt cluster'),
  invalidAuthToken: error(16, 'invalid auth token'),
})

/** What the servers of locks and elections say, which are clients of etcd and have no codes. */
export const contentionErrors = Object.freeze({
  sessionExpired: plainError('mutex: session is expired'),
  noLeader: plainError('election: no leader'),
  notLeader: plainError('election: not leader'),
  missingLeader: plainError('"leader" field must be provided'),
})

/** Said of every request whose `Grpc-Timeout` is over. */
export const deadlineExceeded: EtcdError = Object.freeze({
  code: 4,
  message: 'context deadline exceeded',
})

export type EtcdErrorName = keyof typeof etcdErrors

/**
 * Holdfast's own refusal: the id is older than what is remembered of past requests, so that whether
 * the request took effect can no longer be told. Never sent to who sends no request id.
 */
export const requestIdExpired: EtcdError = Object.freeze({
  code: 9,
  message: 'holdfast: request id expired',
})

/** Holdfast's own refusal: what a request would read is too much to be one answer. */
export const readTooLarge: EtcdError = Object.freeze({
  code: 8,
  message: 'holdfast: too much for one answer: read with a limit, or keys only',
})

/** `cancel_reason` of a watch that is refused or ended. */
export const watchCancelReasons = Object.freeze({
  emptyRange: 'mvcc: watcher range is empty',
  duplicateId: 'mvcc: duplicate watch ID provided on the WatchStream',
  compacted: etcdErrors.compacted.message,
})
