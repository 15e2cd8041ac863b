/** The clouds that Microsoft runs apart from one another. */
export type CloudName = 'public' | 'usgov' | 'china'

/** What one cloud writes in documents and tokens where another writes something else. */
export type Cloud = {
  /** Who issues v1 tokens. */
  readonly stsOrigin: string
  readonly instanceName: string
  readonly graphHostName: string
  readonly rbacUrl: string
  /** The region of every tenant of this cloud; null where each has its own. */
  readonly regionScope: string | null
}

/** Login host and Graph are the emulator's own everywhere; the rest is each cloud's. */
export const CLOUDS: ReadonlyMap<CloudName, Cloud> = new Map([
  [
    'public',
    {
      stsOrigin: 'https://sts.windows.net',
      instanceName: 'microsoftonline.com',
      graphHostName: 'graph.windows.net',
      rbacUrl: 'https://pas.windows.net',
      regionScope: null,
    },
  ],
  [
    'usgov',
    {
      stsOrigin: 'https://sts.windows.net',
      instanceName: 'microsoftonline.us',
      graphHostName: 'graph.windows.net',
      rbacUrl: 'https://pasff.usgovcloudapi.net',
      regionScope: 'USGov',
    },
  ],
  [
    'china',
    {
      stsOrigin: 'https://sts.chinacloudapi.cn',
      instanceName: 'partner.microsoftonline.cn',
      graphHostName: 'graph.chinacloudapi.cn',
      rbacUrl: 'https://pas.chinacloudapi.cn',
      regionScope: null,
    },
  ],
])

/** The cloud with this name. */
export function findCloud(name: CloudName): Cloud {
  const cloud = CLOUDS.get(name)
  if (cloud) return cloud
  const known = [...CLOUDS.keys()].join(', ')
  throw new TypeError(`There is no cloud "${name}". Expected one of: ${known}.`)
}
