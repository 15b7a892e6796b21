/** A member of ours as a process: `holdfast serve`, as anybody would start it. */

import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { initialClusterText, type MemberCommand } from './process-cluster.js'

/**
 * @param importer the `import.meta.url` of a module whose package depends on `holdfast`
 * @param flags further flags of `holdfast serve`, such as its timing
 */
export function serveCommand(importer: string, flags: readonly string[] = []): MemberCommand {
  const packageFile = createRequire(importer).resolve('holdfast/package.json')
  const program = join(dirname(packageFile), 'dist', 'main.js')
  return (spec) => ({
    command: process.execPath,
    args: [
      ...[program, 'serve', '--name', spec.name, '--data-dir', spec.dataDirectory],
      ...['--client-url', spec.clientUrl, '--peer-url', spec.peerUrl],
      ...['--initial-cluster', initialClusterText(spec)],
      ...['--initial-cluster-state', spec.initialClusterState],
      ...(new URL(spec.clientUrl).hostname === '127.0.0.1' ? [] : ['--allow-unauthenticated']),
      ...flags,
    ],
  })
}
