/** A member of a real etcd as a process, with its defaults; the program has to be installed. */

import { initialClusterText, type MemberCommand } from './process-cluster.js'

export const etcdCommand: MemberCommand = (spec) => ({
  command: 'etcd',
  args: [
    ...['--name', spec.name, '--data-dir', spec.dataDirectory],
    ...['--listen-client-urls', spec.clientUrl, '--advertise-client-urls', spec.clientUrl],
    ...['--listen-peer-urls', spec.peerUrl, '--initial-advertise-peer-urls', spec.peerUrl],
    ...['--initial-cluster', initialClusterText(spec)],
    ...['--initial-cluster-state', spec.initialClusterState],
  ],
})
