/**
 * The table of what we answer otherwise than etcd 3.4 on purpose, in three parts: requests that are
 * spelt as later versions allow go to 3.4 in the spelling that it takes, and must then have the same
 * answer; what we refuse and 3.4 takes is known by our text, and goes to us only; and where a text
 * shows what we do not keep, status and code must be equal.
 */

import { isDeepStrictEqual } from 'node:util'
import { contentionErrors } from '@holdfast/protocol'
import { fieldsOf } from './json-fields.js'
import { LOCK_LEASES } from './lock-leases.js'

interface Difference {
  readonly what: string
  readonly why: string
}

const STRING = /"(?:[^"\\]|\\.)*"/g
const BYTES = /("(?:key|value|range_end|rangeEnd)"\s*:\s*)"((?:[^"\\]|\\.)*)"/g

export const respellings: readonly (Difference & { readonly respell: (body: string) => string })[] =
  [
    {
      what: 'escapes in an integer in quotes and in the name of an enumeration',
      why: '3.4 reads what stands between the quotes; 3.6 undoes the escapes first',
      respell: (body) => body.replace(STRING, withoutEscapes),
    },
    {
      what: 'bytes in the URL-safe alphabet, or without padding',
      why: '3.6 takes them',
      respell: (body) =>
        body.replace(BYTES, (_, name: string, text: string) => `${name}"${standardBase64(text)}"`),
    },
  ]

export const refusals: readonly (Difference & { readonly says: RegExp })[] = [
  {
    what: 'a sort option by a number that has no name',
    why: '3.4 ignores the order and dies of the target; 3.5 refuses both',
    says: /^etcdserver: invalid sort option$/,
  },
  {
    what: 'another enumeration by a number that has no name',
    why: 'etcd takes a comparison by such an operator for true',
    says: /^unknown value -?\d+ for enum /,
  },
  {
    what: 'one field in both spellings',
    why: '3.4 takes the camelCase one; 3.6 refuses them',
    says: /^given twice, in two spellings$/,
  },
]

export const rewordings: readonly (Difference & {
  readonly appliesTo: (json: unknown) => boolean
})[] = [
  {
    what: 'characters that need an escape, in an integer in quotes or the name of an enumeration',
    why: '3.4 shows the escape, which we have undone by then',
    appliesTo: (json) =>
      fieldsOf(json).some(
        ({ value }) => typeof value === 'string' && JSON.stringify(value) !== `"${value}"`,
      ),
  },
]

interface Answers {
  readonly etcd: { readonly status: number; readonly body: Fields }
  readonly ours: { readonly status: number; readonly body: Fields }
}
type Fields = Readonly<Record<string, unknown>>

/** Answers that differ for a reason, known by both of them. */
const answers: readonly (Difference & {
  readonly appliesTo: (path: string, answers: Answers, body: string) => boolean
})[] = [
  {
    what: 'the order of keys that sort alike',
    why: 'ours is that of the keys; Go gives none to more than a dozen, and a limit then cuts any of them',
    appliesTo: (_path, { etcd, ours }, body) =>
      /sort_?target/i.test(body) &&
      etcd.status === ours.status &&
      isDeepStrictEqual(withoutOrder(etcd.body, body), withoutOrder(ours.body, body)),
  },
  {
    what: 'the reason of health',
    why: '3.4 does not say it',
    appliesTo: (path, { etcd, ours }) =>
      path.startsWith('/health') &&
      etcd.status === ours.status &&
      etcd.body['health'] === ours.body['health'],
  },
  {
    what: 'the order of leases, by when they end, where some have held a lock or a leadership',
    why: 'etcd opens a session on such a lease and gives it up at once; whether it was renewed by then is a race',
    appliesTo: (path, { etcd, ours }) => {
      if (!/\/lease\/leases$/.test(path) || etcd.status !== 200 || ours.status !== 200) return false
      const [theirs, mine] = [leasesIn(etcd.body), leasesIn(ours.body)]
      const others = (ids: readonly string[]): readonly string[] =>
        ids.filter((id) => !LOCK_LEASES.includes(id))
      return (
        isDeepStrictEqual({ ...etcd.body, leases: [] }, { ...ours.body, leases: [] }) &&
        isDeepStrictEqual([...theirs].sort(), [...mine].sort()) &&
        isDeepStrictEqual(others(theirs), others(mine))
      )
    },
  },
  {
    what: 'a lock whose key is gone when its turn has come',
    why: '3.4 gives it all the same; later versions look at the key again (etcd #11456)',
    appliesTo: (path, { etcd, ours }) =>
      path.endsWith('/lock/lock') &&
      etcd.status === 200 &&
      ours.body['message'] === contentionErrors.sessionExpired.message,
  },
  {
    what: 'a leadership whose key is gone when its turn has come',
    why: 'etcd gives it all the same, to who has no lease any more',
    appliesTo: (path, { etcd, ours }) =>
      path.endsWith('/election/campaign') &&
      etcd.status === 200 &&
      ours.body['message'] === contentionErrors.notLeader.message,
  },
]

export function isSaneToDiffer(
  { path, body }: { readonly path: string; readonly body: string },
  both: Answers,
): string | undefined {
  return answers.find(({ appliesTo }) => appliesTo(path, both, body))?.what
}

function leasesIn(body: Fields): readonly string[] {
  return ((body['leases'] ?? []) as readonly { readonly ID: string }[]).map(({ ID }) => ID)
}

/** Keys in one order, or, where only some of them are told, how many there are. */
function withoutOrder(value: unknown, request: string): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutOrder(item, request))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => {
      if (name !== 'kvs') return [name, withoutOrder(field, request)]
      const keys = (field as readonly unknown[]).map((kv) => JSON.stringify(kv)).sort()
      return [name, request.includes('limit') ? keys.length : keys]
    }),
  )
}

function withoutEscapes(token: string): string {
  try {
    const text: unknown = JSON.parse(token)
    const plain = `"${String(text)}"`
    return JSON.stringify(text) === plain ? plain : token
  } catch {
    return token
  }
}

/** What is not base64 either way stays what it is, but for the alphabet. */
function standardBase64(text: string): string {
  const standard = text.replaceAll('-', '+').replaceAll('_', '/')
  if (!/^(?:[A-Za-z0-9+/]|\\[rn])*$/.test(standard)) return standard
  const { length } = standard.replace(/\\[rn]/g, '')
  return length % 4 < 2 ? standard : standard + '='.repeat(4 - (length % 4))
}
