/**
 * The table of what we answer otherwise than etcd 3.4 on purpose, or what any two servers answer
 * otherwise: what, why, and by which rule. Nothing else may hide a difference. `difference.ts` says
 * what the rules mean, the other files of the folder hold the longer ones.
 */

import { contentionErrors, etcdErrors } from '@holdfast/protocol'
import type { Difference } from './deliberate-differences/difference.js'
import { asLaterStatus } from './deliberate-differences/later-status.js'
import { inStandardBase64, withoutEscapes } from './deliberate-differences/later-spellings.js'
import { withoutRevisionAfterWait } from './deliberate-differences/lock-revision.js'
import {
  differInOrderOfKeys,
  differInOrderOfLocks,
  inOrderOfKeys,
} from './deliberate-differences/orders.js'
import {
  withoutDrawnId,
  withoutNamesAndTerms,
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
        fieldsOf(json).some(
          ({ value }) => typeof value === 'string' && JSON.stringify(value) !== `"${value}"`,
        ),
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
    what: 'the seconds that a lease has left',
    why: 'they are asked one after the other, and etcd may have renewed it for a lock',
    rule: { by: 'evening', even: withTimeLeft },
  },
  {
    what: 'names and addresses of members',
    why: 'they are two clusters',
    rule: { by: 'evening', even: withShapesOfMembers },
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
