/** The peer: three members of etcd with its defaults, which fsync every batch before it commits. */

import { startThree, type Contestant } from './contestant.js'
import { missingProgram } from './installed.js'

export const etcd: Contestant = {
  id: 'etcd',
  name: 'etcd x3',
  hasMetrics: true,
  missing: () => missingProgram('etcd'),
  start: () =>
    startThree(({ name, clientUrl, peerUrl, dataDirectory, initialCluster }) => ({
      command: 'etcd',
      args: [
        ...['--name', name, '--data-dir', dataDirectory],
        ...['--listen-client-urls', clientUrl, '--advertise-client-urls', clientUrl],
        ...['--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl],
        '--initial-cluster',
        Object.entries(initialCluster)
          .map(([member, url]) => `${member}=${url}`)
          .join(),
      ],
    })),
}
