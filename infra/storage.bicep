// The one storage account: queues, payloads too large for them, what became of requests, and the app's own package.
// There are no keys: whoever comes needs an identity and a role.

@description('Name of the account.')
param name string

@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Redundancy.')
param sku string

@description('Whether the account answers on its public address. Without it, private endpoints are the only way in.')
param publicAccess bool

@description('Queue that pipelines send to.')
param queueName string

var packageContainer = 'app-package'

resource account 'Microsoft.Storage/storageAccounts@2024-01-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: sku }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: publicAccess ? 'Enabled' : 'Disabled'
    networkAcls: {
      bypass: 'None'
      defaultAction: publicAccess ? 'Allow' : 'Deny'
    }
  }
}

resource queues 'Microsoft.Storage/storageAccounts/queueServices@2024-01-01' = {
  parent: account
  name: 'default'
}

// The host would make the poison queue when it first needs it; but whoever watches it should find it from the start.
resource queue 'Microsoft.Storage/storageAccounts/queueServices/queues@2024-01-01' = [
  for name in [queueName, '${queueName}-poison']: {
    parent: queues
    name: name
  }
]

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2024-01-01' = {
  parent: account
  name: 'default'
}

resource containers 'Microsoft.Storage/storageAccounts/blobServices/containers@2024-01-01' = [
  for name in [packageContainer, 'lineage-payloads']: {
    parent: blobs
    name: name
    properties: { publicAccess: 'None' }
  }
]

resource tableService 'Microsoft.Storage/storageAccounts/tableServices@2024-01-01' = {
  parent: account
  name: 'default'
}

resource tables 'Microsoft.Storage/storageAccounts/tableServices/tables@2024-01-01' = [
  for name in ['lineageoutcomes', 'lineageruns']: {
    parent: tableService
    name: name
  }
]

@description('Name of the account.')
output name string = account.name

@description('Queue endpoint, without the slash at its end.')
output queueEndpoint string = 'https://${account.name}.queue.${environment().suffixes.storage}'

@description('Where the app\'s package is kept.')
output packageContainerUrl string = '${account.properties.primaryEndpoints.blob}${packageContainer}'
