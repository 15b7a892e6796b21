/**
 * The table of what we answer otherwise than etcd 3.4 on purpose, or what any two servers answer
 * otherwise: what, why, and by which rule. Nothing else may hide a difference. `difference.ts` says
 * what the rules mean, the other files of the folder hold the longer ones.
 */

import { contentionErrors, etcdErrors } from '@holdfast/protocol'
import type { Difference } from './deliberate-differences/difference.js'
import { asLaterStatus, withoutHeaderFromBehind } from './deliberate-differences/later-status.js'
import { withoutLastWord } from './deliberate-differences/keepalive-ending.js'
import { inStandardBase64, withoutEscapes } from './deliberate-differences/later-spellings.js'
import { withoutRevisionAfterWait } from './deliberate-differences/lock-revision.js'
import {
  differInOrderOfKeys,
  differInOrderOfLocks,
  inOrderOfKeys,
} from './deliberate-differences/orders.js'
import {
  withoutDrawnId,
  withoutDrawnPlace,
  withoutHashOfStore,
  withoutNamesAndTerms,
  withShapeOfStatus,
  withShapesOfMembers,
  withTimeLeft,
} from './deliberate-differences/own-values.js'
import { deletesFromKey, putsOnlyInNested } from './deliberate-differences/transactions.js'
import { fieldsOf } from './json-fields.js'

const spellings: readonly Difference[] = [
  {
    what: 'escapes in an integer in quotes and in the name of an enumeration',
    why: '3.4 reads what stands between the quotes; 3.6 undoes the escapes first',
    rule: { by: 'respelling', respell: withoutEscapes },
  },
  {
    what: 'bytes in the URL-safe alphabet, or without padding',
    why: '3.6 takes them',
    rule: { by: 'respelling', respell: inStandardBase64 },
  },
  {
    what: 'characters that need an escape, in an integer in quotes or the name of an enumeration',
    why: '3.4 shows the escape, which we have undone by then',
    rule: {
      by: 'rewording',
      appliesTo: (json) =>
        fieldsOf(json)
          .flatMap(({ value }) => (Array.isArray(value) ? (value as unknown[]) : [value]))
          .some((value) => typeof value === 'string' && JSON.stringify(value) !== `"${value}"`),
    },
  },
]

const refusals: readonly Difference[] = [
  {
    what: 'a sort option by a number that has no name',
    why: '3.4 ignores the order and dies of the target; 3.5 refuses both',
    rule: { by: 'our refusal', says: /^etcdserver: invalid sort option$/ },
  },
  {
    what: 'another enumeration by a number that has no name',
    why: 'etcd takes a comparison by such an operator for true',
    rule: { by: 'our refusal', says: /^unknown value -?\d+ for enum / },
  },
  {
    what: 'a later message of a keepalive stream that cannot be read',
    why: 'etcd’s gateway ends the stream without a word (request_Lease_LeaseKeepAlive_0); ours says why',
    rule: { by: 'evening', even: withoutLastWord },
  },
  {
    what: 'null in a list',
    why: '3.4 takes it for the default, or dies of it; later versions refuse it (protojson)',
    rule: { by: 'our refusal', says: /^json: cannot unmarshal null into Go value of type / },
  },
  {
    what: 'addresses that are none, for a member',
    why: 'etcd takes any text when it updates one (v3rpc/member.go, MemberUpdate), by which nobody can reach it',
    rule: {
      by: 'our refusal',
      says: textOf(etcdErrors.badMemberUrls),
      appliesTo: (_, path) => path.endsWith('/cluster/member/update'),
    },
  },
  {
    what: 'one field in both spellings',
    why: '3.4 takes the camelCase one; 3.6 refuses them',
    rule: { by: 'our refusal', says: /^given twice, in two spellings$/ },
  },
  {
    what: 'a put under a delete of everything from a key on, in one transaction',
    why: 'the overlap check of etcd takes the open end for an end (§8.18; v3rpc/key.go, checkIntervals)',
    rule: { by: 'our refusal', says: textOf(etcdErrors.duplicateKey), appliesTo: deletesFromKey },
  },
  {
    what: 'puts in nested transactions alone, when there is no space',
    why: 'etcd does not count them (§8.40; etcdserver/quota.go, costTxnReq)',
    rule: { by: 'our refusal', says: textOf(etcdErrors.noSpace), appliesTo: putsOnlyInNested },
  },
]

const laterVersions: readonly Difference[] = [
  {
    what: 'the status of code 9',
    why: '412 in 3.4; 400 in later versions (their JSON gateway)',
    rule: { by: 'evening', even: (_, { etcd, ours }) => ({ etcd: asLaterStatus(etcd), ours }) },
  },
  {
    what: 'the header Grpc-Metadata-Content-Type',
    why: 'it tells of the connection between etcd’s gateway and etcd, and there is none here',
    rule: {
      by: 'evening',
      even: (_, { etcd, ours }) => ({ etcd: withoutHeaderFromBehind(etcd), ours }),
    },
  },
  {
    what: 'linearizable, in a request for the members, when it is no flag',
    why: '3.4 does not know the field (etcd 3.5: MemberListRequest)',
    rule: {
      by: 'our refusal',
      says: /^json: cannot unmarshal .* into Go value of type bool$/,
      appliesTo: (_, path) => path.endsWith('/cluster/member/list'),
    },
  },
  {
    what: 'the reason of health',
    why: '3.4 does not say it',
    rule: {
      by: 'answers',
      appliesTo: ({ path }, { etcd, ours }) =>
        path.startsWith('/health') &&
        etcd.status === ours.status &&
        etcd.body['health'] === ours.body['health'],
    },
  },
  {
    what: 'versions',
    why: 'ours says which etcd it speaks like; clients read them as numbers with dots',
    rule: {
      by: 'answers',
      appliesTo: ({ path }, { etcd, ours }) =>
        path === '/version' &&
        [etcd, ours].every(({ body }) =>
          [body['etcdserver'], body['etcdcluster']].every(
            (version) => typeof version === 'string' && /^\d+\.\d+\.\d+$/.test(version),
          ),
        ),
    },
  },
  {
    what: 'why a timeout cannot be read',
    why: '3.4 says that it cannot; later versions say why (gateway: timeoutDecode)',
    rule: {
      by: 'answers',
      appliesTo: (_, { etcd, ours }) =>
        etcd.status === 400 &&
        ours.status === 400 &&
        (etcd.body.message ?? '').startsWith('invalid grpc-timeout: ') &&
        (ours.body.message ?? '').startsWith('invalid grpc-timeout: '),
    },
  },
  {
    what: 'a delete at the compacted revision itself, to a watch from there',
    why: 'later versions keep it for them (etcd #19249)',
    rule: {
      by: 'event',
      mayMiss: ({ type, revision }, { compacted }) => type === 'DELETE' && revision === compacted,
    },
  },
  {
    what: 'a lock whose key is gone when its turn has come',
    why: '3.4 gives it all the same; later versions look at the key again (etcd #11456)',
    rule: {
      by: 'answers',
      appliesTo: ({ path }, { etcd, ours }) =>
        path.endsWith('/lock/lock') &&
        etcd.status === 200 &&
        ours.body['message'] === contentionErrors.sessionExpired.message,
    },
  },
]

const contention: readonly Difference[] = [
  {
    what: 'a leadership whose key is gone when its turn has come',
    why: 'etcd gives it all the same, to who has no lease any more (§8.44)',
    rule: {
      by: 'answers',
      appliesTo: ({ path }, { etcd, ours }) =>
        path.endsWith('/election/campaign') &&
        etcd.status === 200 &&
        ours.body['message'] === contentionErrors.notLeader.message,
    },
  },
  {
    what: 'a compaction when somebody waits since just now',
    why: 'etcd looks at watches from the past every 100 ms, and by then may send away who waits (mvcc/watcher_group.go, chooseAll; concurrency/key.go, waitDelete); ours waits on',
    rule: {
      by: 'waiting',
      isTooEarly: (path, { all, slow, expected }) =>
        path.endsWith('/kv/compaction') && (slow > 0 || all < expected),
    },
  },
]

const chance: readonly Difference[] = [
  {
    what: 'the revision of a lock that had to wait',
    why: 'what was written since its turn came may be told, or not yet: a race on both',
    rule: { by: 'evening', even: withoutRevisionAfterWait },
  },
  {
    what: 'the order of keys that sort alike',
    why: 'ours is that of the keys; Go gives none to more than a dozen, and a limit then cuts any of them',
    rule: { by: 'answers', appliesTo: differInOrderOfKeys },
  },
  {
    what: 'the order of leases, by when they end, where some have held a lock or a leadership',
    why: 'etcd opens a session on such a lease and gives it up at once; whether it was renewed by then is a race',
    rule: { by: 'answers', appliesTo: differInOrderOfLocks },
  },
  {
    what: 'the order of the keys of a lease',
    why: 'that of a Go map',
    rule: { by: 'evening', even: inOrderOfKeys },
  },
]

const ownValues: readonly Difference[] = [
  {
    what: 'the ids of the cluster and of its members, and the term',
    why: 'they are two clusters, and needed their own elections',
    rule: { by: 'evening', even: withoutNamesAndTerms },
  },
  {
    what: 'the id of a lease that was drawn',
    why: 'it is random',
    rule: { by: 'evening', even: withoutDrawnId },
  },
  {
    what: 'the key of a lock or a leadership whose lease was drawn',
    why: 'the lease is random, and names it',
    rule: { by: 'evening', even: withoutDrawnPlace },
  },
  {
    what: 'the seconds that a lease has left',
    why: 'they are asked one after the other, and etcd may have renewed it for a lock',
    rule: { by: 'evening', even: withTimeLeft },
  },
  {
    what: 'names and addresses of members',
    why: 'they are two clusters',
    rule: { by: 'evening', even: withShapesOfMembers },
  },
  {
    what: 'the figures of a member’s status',
    why: 'of a store of its own make and a log with its own entries; 3.4 lacks two of them',
    rule: { by: 'evening', even: withShapeOfStatus },
  },
  {
    what: 'the hash of all that a member stores',
    why: 'etcd hashes the pages of its file; that of keys is compared',
    rule: { by: 'evening', even: withoutHashOfStore },
  },
]

export const deliberateDifferences: readonly Difference[] = [
  ...spellings,
  ...refusals,
  ...laterVersions,
  ...contention,
  ...chance,
  ...ownValues,
]

function textOf({ message }: { readonly message: string }): RegExp {
  return new RegExp(`^${message}$`)
}
