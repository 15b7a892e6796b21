/** Fair locks, leader election and queues, on Holdfast or on any etcd from 3.4 on. */

export { CompactedError, HoldfastError } from '@holdfast/protocol'
export type { ErrorOutcome, HoldfastErrorCode } from '@holdfast/protocol'
export { connect, Holdfast } from './client.js'
export type { Alarm, Cluster, Member, MembersOptions, MemberStatus } from './cluster/cluster.js'
export type { ConnectOptions } from './config.js'
export { AcquireTimeoutError, LockLostError, SessionLostError, type LossReason } from './errors.js'
export type { Election, Leader, LeadOptions } from './election/election.js'
export type { Leadership } from './election/leadership.js'
export { compare, type Compare, type Comparison } from './kv/compare.js'
export type { Entry } from './kv/entry.js'
export type { Key, KeyRange, Value } from './kv/keys.js'
export type { GetAllOptions, Kv } from './kv/kv.js'
export type {
  DeleteOptions,
  DeleteResult,
  GetResult,
  PutOptions,
  PutResult,
  RangeOptions,
  RangeResult,
  ReadOptions,
} from './kv/operations.js'
export { op, type Op, type Txn, type TxnResult } from './kv/txn.js'
export type {
  GrantOptions,
  Lease,
  LeasedKey,
  Leases,
  LeaseState,
  TimeToLiveOptions,
} from './lease/leases.js'
export type { HeldLock } from './lock/held-lock.js'
export type { LockHolder } from './lock/holder.js'
export type { Lock, LockContender, LockOptions, LockState } from './lock/lock.js'
export type { DeadLetter } from './queue/dead-letters.js'
export type { Message } from './queue/message.js'
export type { PushOptions } from './queue/options.js'
export type { Offer } from './queue/producer.js'
export type { ConsumeOptions, Queue, QueueOptions, QueueStats } from './queue/queue.js'
export type { ClientSession } from './session/client-session.js'
export type { WaitOptions } from './time/scope.js'
export { FetchTransport } from './transport/fetch-transport.js'
export type {
  Transport,
  TransportRequest,
  TransportResponse,
  TransportStream,
} from './transport/transport.js'
export type { Watch, WatchOptions } from './watch/watch.js'
export type { WatchBatch, WatchEvent } from './watch/watch-event.js'
