// All that `azd up` creates: one resource group with the app, its storage, its identity and what watches over it.
// Raw resources only, so that every line can be read and checked without a network.

targetScope = 'subscription'

@description('Name of the azd environment. Part of the resource group\'s name, and of every tag.')
@minLength(1)
@maxLength(64)
param environmentName string

@description('Region of all resources. It must offer Flex Consumption: `az functionapp list-flexconsumption-locations`.')
@minLength(1)
@metadata({ azd: { type: 'location' } })
param location string

@description('Endpoint of the Purview account: https://{account}.purview.azure.com, or https://api.purview-service.microsoft.com.')
@minLength(12)
param purviewEndpoint string

@description('Collection (its six-character name, not its display name) for what the app creates itself. Empty: the root collection.')
param purviewCollection string = ''

@description('Scope of tokens for Purview. It differs in sovereign clouds.')
param purviewScope string = 'https://purview.azure.net/.default'

@description('Queue that pipelines send to. The poison queue has this name and `-poison`.')
@minLength(3)
@maxLength(56)
param queueName string = 'lineage'

@description('What becomes of lineage between datasets that Purview has not scanned yet.')
@allowed(['wait', 'create', 'fail'])
param onMissing string = 'wait'

@description('The same for OpenLineage events, whose producers name datasets that nobody scans.')
@allowed(['wait', 'create', 'fail'])
param openLineageOnMissing string = 'create'

@description('How OpenLineage jobs become processes: the options that are on (docs/openlineage.md), or none.')
param openLineageOptions string = 'strip_applications,prefer_notebooks,collapse_queries'

@description('How long lineage that was written once is taken to be there still. ISO 8601.')
param reassertAfter string = 'PT24H'

@description('How long the events of an OpenLineage run that does not end are kept. ISO 8601.')
param keepRuns string = 'P7D'

@description('How long a message is tried again before it is dead. ISO 8601.')
param giveUpAfter string = 'PT24H'

@description('Delay before the second attempt; it doubles from there. ISO 8601.')
param retryAfter string = 'PT30S'

@description('Longest delay between two attempts. ISO 8601.')
param retryAfterMax string = 'PT1H'

@description('Calls to the Data Map that one instance has under way at once.')
@minValue(1)
@maxValue(64)
param maxConcurrency int = 8

@description('Naming rules of your own (docs/naming.md), written into main.parameters.json. Empty: the built-in ones only.')
param namingRules array = []

@description('Python version. 3.11 by default: Azure\'s remote build has been seen to use it whatever is asked for (Azure/azure-dev#8538).')
@allowed(['3.11', '3.12', '3.13'])
param pythonVersion string = '3.11'

@description('Memory of an instance, in MB.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@description('Most instances at once. Purview throttles long before the default is reached.')
@minValue(40)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('HTTP requests that share one instance. Left alone, Flex Consumption gives every Python request an instance of its own.')
@minValue(1)
@maxValue(1000)
param httpConcurrency int = 16

@description('Instances that always wait for queue messages. 0: the app sleeps when idle and costs next to nothing.')
@minValue(0)
@maxValue(20)
param alwaysReadyInstances int = 0

@description('Redundancy of the storage account, which holds the queues.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
param storageSku string = 'Standard_LRS'

@description('Whether storage is reached through private endpoints only. Pipelines then need a way into the virtual network.')
param privateNetworking bool = false

@description('Address space of the virtual network, if there is one. A /22 or larger.')
param virtualNetworkPrefix string = '10.90.0.0/22'

@description('Who gets the alerts, by e-mail. Empty: alerts show in the portal only.')
param alertEmail string = ''

@description('Days that logs are kept.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('Share of traces that the app sends to Application Insights, from 0 to 1. Metrics are always whole.')
param traceRatio string = '1'

@description('Object id of whoever operates the app (azd gives that of whoever deploys). Empty: nobody gets roles on its data.')
param principalId string = ''

@description('Kind of that principal.')
@allowed(['User', 'Group', 'ServicePrincipal'])
param principalType string = 'User'

@description('Object ids of the managed identities of pipelines that may send to the queue, separated by commas.')
param senderPrincipalIds string = ''

var token = toLower(uniqueString(subscription().id, environmentName, location))
var tags = { 'azd-env-name': environmentName }

resource group 'Microsoft.Resources/resourceGroups@2024-11-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

module identity 'identity.bicep' = {
  name: 'identity'
  scope: group
  params: {
    name: 'id-lineage-${token}'
    location: location
    tags: tags
  }
}

module monitoring 'monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: {
    token: token
    location: location
    tags: tags
    retentionDays: logRetentionDays
  }
}

module storage 'storage.bicep' = {
  name: 'storage'
  scope: group
  params: {
    name: 'st${token}'
    location: location
    tags: tags
    sku: storageSku
    publicAccess: !privateNetworking
    queueName: queueName
  }
}

module network 'network.bicep' = if (privateNetworking) {
  name: 'network'
  scope: group
  params: {
    name: 'vnet-lineage-${token}'
    location: location
    tags: tags
    prefix: virtualNetworkPrefix
  }
}

module privateEndpoints 'private-endpoints.bicep' = if (privateNetworking) {
  name: 'private-endpoints'
  scope: group
  params: {
    location: location
    tags: tags
    storageName: storage.outputs.name
    virtualNetworkName: network!.outputs.name
    subnetId: network!.outputs.endpointsSubnetId
  }
}

module appRoles 'app-roles.bicep' = {
  name: 'app-roles'
  scope: group
  params: {
    principalId: identity.outputs.principalId
    storageName: storage.outputs.name
    queueName: queueName
    applicationInsightsName: monitoring.outputs.applicationInsightsName
  }
}

module operatorRoles 'operator-roles.bicep' = if (!empty(principalId)) {
  name: 'operator-roles'
  scope: group
  params: {
    principalId: principalId
    principalType: principalType
    storageName: storage.outputs.name
    queueName: queueName
  }
}

module senderRoles 'sender-roles.bicep' = if (!empty(senderPrincipalIds)) {
  name: 'sender-roles'
  scope: group
  params: {
    principalIds: map(split(senderPrincipalIds, ','), id => trim(id))
    storageName: storage.outputs.name
    queueName: queueName
  }
}

module functionApp 'function-app.bicep' = {
  name: 'function-app'
  scope: group
  params: {
    token: token
    location: location
    tags: tags
    identityId: identity.outputs.id
    packageContainerUrl: storage.outputs.packageContainerUrl
    subnetId: privateNetworking ? network!.outputs.appSubnetId : ''
    pythonVersion: pythonVersion
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    httpConcurrency: httpConcurrency
    alwaysReadyInstances: alwaysReadyInstances
  }
  dependsOn: [
    appRoles // an app that starts before its roles answers 403 for minutes
    privateEndpoints
  ]
}

module settings 'app-settings.bicep' = {
  name: 'app-settings'
  scope: group
  params: {
    functionAppName: functionApp.outputs.name
    storageName: storage.outputs.name
    applicationInsightsName: monitoring.outputs.applicationInsightsName
    identityClientId: identity.outputs.clientId
    lineageSettings: {
      PURVIEW_ENDPOINT: purviewEndpoint
      PURVIEW_COLLECTION: purviewCollection
      PURVIEW_AUTHORITY_HOST: environment().authentication.loginEndpoint
      PURVIEW_SCOPE: purviewScope
      LINEAGE_QUEUE_NAME: queueName
      LINEAGE_ON_MISSING: onMissing
      LINEAGE_OPENLINEAGE_ON_MISSING: openLineageOnMissing
      LINEAGE_OPENLINEAGE_OPTIONS: openLineageOptions
      LINEAGE_REASSERT_AFTER: reassertAfter
      LINEAGE_KEEP_RUNS: keepRuns
      LINEAGE_GIVE_UP_AFTER: giveUpAfter
      LINEAGE_RETRY_AFTER: retryAfter
      LINEAGE_RETRY_AFTER_MAX: retryAfterMax
      LINEAGE_MAX_CONCURRENCY: string(maxConcurrency)
      LINEAGE_NAMING_RULES: empty(namingRules) ? '' : string(namingRules)
      OTEL_TRACES_SAMPLER: 'traceidratio' // not one that asks the host, which marks every call as not sampled
      OTEL_TRACES_SAMPLER_ARG: traceRatio
    }
  }
}

module alerts 'alerts.bicep' = {
  name: 'alerts'
  scope: group
  params: {
    token: token
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    email: alertEmail
  }
}

module workbook 'workbook.bicep' = {
  name: 'workbook'
  scope: group
  params: {
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
  }
}

@description('Resource group of everything.')
output AZURE_RESOURCE_GROUP string = group.name

@description('Name of the function app.')
output AZURE_FUNCTION_APP_NAME string = functionApp.outputs.name

@description('Where the app answers: `/api/health` needs no key.')
output LINEAGE_APP_URL string = functionApp.outputs.url

@description('Name of the storage account.')
output AZURE_STORAGE_ACCOUNT_NAME string = storage.outputs.name

@description('Queue endpoint of the storage account, as `lineage.send(storage=…)` takes it.')
output LINEAGE_QUEUE_ENDPOINT string = storage.outputs.queueEndpoint

@description('Queue that pipelines send to.')
output LINEAGE_QUEUE_NAME string = queueName

@description('Object id of the app\'s identity: who needs the role Data Curator in Purview.')
output LINEAGE_PRINCIPAL_ID string = identity.outputs.principalId

@description('Purview endpoint, for the hook that runs `lineage setup`.')
output PURVIEW_ENDPOINT string = purviewEndpoint

@description('Purview collection, for the hook that runs `lineage setup`.')
output PURVIEW_COLLECTION string = purviewCollection

@description('Workbook that shows how the app fares.')
output LINEAGE_WORKBOOK_ID string = workbook.outputs.id
