/** The hash of a history as etcd makes it, which its JSON gateway tells only from 3.5 on. */

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

export interface KeysHash {
  readonly hash: number
  readonly compact_revision?: string | number
}

/** Undefined for a revision that is compacted, or is to come. */
export async function etcdHash(url: string, revision: string): Promise<KeysHash | undefined> {
  const flags = ['--endpoints', url, 'endpoint', 'hashkv', '--rev', revision, '-w', 'json']
  const { stdout } = await promisify(execFile)('etcdctl', flags, {
    env: { ...process.env, ETCDCTL_API: '3' },
  }).catch(() => ({ stdout: '[]' }))
  const [answer] = JSON.parse(stdout) as readonly { readonly HashKV: KeysHash }[]
  return answer?.HashKV
}
