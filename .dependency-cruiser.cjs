// The architecture, as rules: docs are in README.md, "How it is built".
const only = (name, from, allowed) => ({
  name,
  severity: 'error',
  from: { path: from, pathNot: '\\.test(-support)?\\.ts$' },
  to: { pathNot: [...allowed, 'node_modules'], dependencyTypesNot: ['core'] },
})

const coordinator = (folder) => `^packages/coordinator/src/${folder}`

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'raft-imports-nothing',
      severity: 'error',
      from: { path: '^packages/raft/src', pathNot: '\\.test(-support)?\\.ts$' },
      to: { pathNot: '^packages/raft/src/' },
    },
    {
      name: 'protocol-has-no-io',
      severity: 'error',
      from: { path: '^packages/protocol/src', pathNot: '\\.test(-support)?\\.ts$' },
      to: { pathNot: '^packages/protocol/src/' },
    },
    only('coordinator-packages', '^packages/coordinator/src', [
      '^packages/coordinator/src',
      '^packages/raft',
      '^packages/protocol',
    ]),
    only('client-packages', '^packages/client/src', ['^packages/client/src', '^packages/protocol']),
    only('cli-packages', '^packages/cli/src', [
      '^packages/cli/src',
      '^packages/client',
      '^packages/coordinator',
    ]),
    only('testkit-packages', '^packages/testkit/src', [
      '^packages/testkit/src',
      '^packages/raft',
      '^packages/protocol',
      '^packages/coordinator',
      '^packages/client',
    ]),
    {
      name: 'no-deep-imports',
      comment: 'A package is imported by its index only; simulations by its parts too.',
      severity: 'error',
      from: { path: '^(packages/([^/]+)|examples|test)/' },
      to: { path: '^packages/([^/]+)/(src|dist)/(?!index|parts)', pathNot: '^packages/$2/' },
    },
    only('state-machine-is-closed', coordinator('state-machine/'), [coordinator('state-machine/')]),
    {
      name: 'state-machine-has-no-io',
      severity: 'error',
      from: { path: coordinator('state-machine/'), pathNot: '\\.test(-support)?\\.ts$' },
      to: { dependencyTypes: ['core'] },
    },
    only('storage-implements', coordinator('storage/'), [
      coordinator('storage/'),
      coordinator('state-machine/'),
      '^packages/raft',
    ]),
    only('watch-reads-the-store', coordinator('watch/'), [
      coordinator('watch/'),
      coordinator('time/'),
      coordinator('state-machine/'),
      '^packages/protocol',
    ]),
    only('time-imports-nothing', coordinator('time/'), [coordinator('time/')]),
    only('transport-carries', coordinator('transport/'), [
      coordinator('transport/'),
      '^packages/raft',
    ]),
    only('node-drives', coordinator('node/'), [
      coordinator('node/'),
      coordinator('time/'),
      coordinator('state-machine/'),
      '^packages/raft',
    ]),
    only('http-is-the-edge', coordinator('http/'), [
      coordinator('http/'),
      coordinator('node/'),
      coordinator('watch/'),
      coordinator('time/'),
      coordinator('state-machine/'),
      '^packages/protocol',
    ]),
    {
      name: 'storage-owns-sqlite',
      severity: 'error',
      from: { path: '^packages/coordinator/src', pathNot: coordinator('storage/') },
      to: { path: 'node_modules/(drizzle-orm|better-sqlite3)' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules|/dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['types', 'import', 'default'],
    },
    exclude: '^(test|examples)/dist/',
  },
}
