// What the app is told. Every deployment writes the whole list: a setting made by hand in the portal does not survive.

@description('Name of the function app.')
param functionAppName string

@description('Name of the storage account.')
param storageName string

@description('Name of the Application Insights component.')
param applicationInsightsName string

@description('Client id of the app\'s identity.')
param identityClientId string

@description('Settings of the app itself, by name. An empty one is as good as none.')
param lineageSettings object

resource app 'Microsoft.Web/sites@2024-04-01' existing = {
  name: functionAppName
}

resource storage 'Microsoft.Storage/storageAccounts@2024-01-01' existing = {
  name: storageName
}

resource applicationInsights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: applicationInsightsName
}

resource settings 'Microsoft.Web/sites/config@2024-04-01' = {
  parent: app
  name: 'appsettings'
  properties: union(lineageSettings, {
    PURVIEW_AUTH: 'managed-identity'
    PURVIEW_CLIENT_ID: identityClientId

    // the queue trigger's connection, and the app's own
    LineageStorage__queueServiceUri: storage.properties.primaryEndpoints.queue
    LineageStorage__blobServiceUri: storage.properties.primaryEndpoints.blob
    LineageStorage__tableServiceUri: storage.properties.primaryEndpoints.table
    LineageStorage__credential: 'managedidentity'
    LineageStorage__clientId: identityClientId

    // the host's own
    AzureWebJobsStorage__queueServiceUri: storage.properties.primaryEndpoints.queue
    AzureWebJobsStorage__blobServiceUri: storage.properties.primaryEndpoints.blob
    AzureWebJobsStorage__tableServiceUri: storage.properties.primaryEndpoints.table
    AzureWebJobsStorage__credential: 'managedidentity'
    AzureWebJobsStorage__clientId: identityClientId
    APPLICATIONINSIGHTS_CONNECTION_STRING: applicationInsights.properties.ConnectionString
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
  })
}
