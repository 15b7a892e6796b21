/** The hash of a history as etcd makes it, which its JSON gateway tells only from 3.5 on. */

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { exchange } from '../wire-exchange.js'

export type KeysHash =
  | {
      readonly hash: number
      readonly compactRevision: number
      /** The newest there is. */
      readonly revision: number
    }
  | { readonly refusal: string }

interface HashAnswer {
  readonly hash: number
  readonly compact_revision?: string | number
  readonly hash_revision?: string
  readonly header: { readonly revision: string | number }
}

export async function etcdHash(url: string, revision: string): Promise<KeysHash> {
  const flags = ['--endpoints', url, 'endpoint', 'hashkv', '--rev', revision, '-w', 'json']
  const env = { ...process.env, ETCDCTL_API: '3' }
  const { stdout, stderr } = await promisify(execFile)('etcdctl', flags, { env }).catch(
    (error: unknown) => error as { readonly stdout: string; readonly stderr: string },
  )
  const [answer] = JSON.parse(stdout || '[]') as readonly { readonly HashKV: HashAnswer }[]
  if (answer !== undefined) return hashOf(answer.HashKV)
  return { refusal: /\((etcdserver: [^)]*)\)/.exec(stderr)?.[1] ?? stderr }
}

/** @throws {Error} if it is not of the revision that was asked for */
export async function ourHash(url: string, revision: string): Promise<KeysHash> {
  const body = JSON.stringify({ revision })
  const said = await exchange(url, { path: '/v3/maintenance/hashkv', body })
  if (said.status !== 200) {
    const { code, message } = said.body as { readonly code: number; readonly message: string }
    return { refusal: said.status === 400 && code === 11 ? message : JSON.stringify(said) }
  }
  const answer = said.body as HashAnswer
  const asked = Number(revision) || Number(answer.header.revision)
  if (Number(answer.hash_revision) !== asked) return { refusal: JSON.stringify(said) }
  return hashOf(answer)
}

function hashOf({ hash, compact_revision: compacted = 0, header }: HashAnswer): KeysHash {
  return { hash, compactRevision: Number(compacted), revision: Number(header.revision) }
}
