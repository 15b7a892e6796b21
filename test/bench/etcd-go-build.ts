/**
 * Builds the driver on etcd's Go client, from nothing but what Debian packages: `golang-go` and
 * `golang-etcd-server-dev`, which puts the client's sources where Debian keeps them.
 */

import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { missingProgram } from './contestants/installed.js'

const DEBIAN_GOPATH = '/usr/share/gocode'

// Compiled, this file lies in test/dist/bench; the Go source stays where it is.
const source = fileURLToPath(new URL('../../bench/etcd-go', import.meta.url))

export function missingForGoDriver(): string | undefined {
  const library = join(DEBIAN_GOPATH, 'src/go.etcd.io/etcd/clientv3')
  return (
    missingProgram('go', 'version') ??
    (existsSync(library) ? undefined : 'golang-etcd-server-dev is not installed')
  )
}

/** The path of the program, below this directory. @throws {Error} with what the compiler said */
export function buildGoDriver(directory: string): string {
  const workspace = join(directory, 'go')
  const program = join(directory, 'etcd-go')
  mkdirSync(join(workspace, 'src'), { recursive: true })
  cpSync(source, join(workspace, 'src/etcd-go'), { recursive: true })
  const { status, stderr, error } = spawnSync('go', ['build', '-o', program, 'etcd-go'], {
    encoding: 'utf8',
    env: { ...process.env, GO111MODULE: 'off', GOPATH: `${workspace}:${DEBIAN_GOPATH}` },
  })
  if (status === 0) return program
  throw new Error(`the Go driver did not build: ${error?.message ?? stderr.trim()}`)
}
