// A topic for CloudEvents whose data are lineage requests, and a subscription that delivers them to the app's queue.

@description('The storage account of the app, in this resource group.')
param storageName string

@description('The queue that the app reads.')
param queueName string = 'lineage'

param location string = resourceGroup().location

var storageQueueDataMessageSender = 'c6a89b2d-59bc-44d0-9896-0f6e12d7b80a'

resource storage 'Microsoft.Storage/storageAccounts@2024-01-01' existing = {
  name: storageName
}

resource topic 'Microsoft.EventGrid/topics@2022-06-15' = {
  name: 'lineage'
  location: location
  identity: { type: 'SystemAssigned' }
  properties: { inputSchema: 'CloudEventSchemaV1_0' }
}

resource mayDeliver 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(storage.id, topic.id, storageQueueDataMessageSender)
  scope: storage
  properties: {
    principalId: topic.identity.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', storageQueueDataMessageSender)
  }
}

resource toTheQueue 'Microsoft.EventGrid/topics/eventSubscriptions@2022-06-15' = {
  parent: topic
  name: 'to-the-queue'
  dependsOn: [mayDeliver]
  properties: {
    eventDeliverySchema: 'CloudEventSchemaV1_0'
    deliveryWithResourceIdentity: {
      identity: { type: 'SystemAssigned' }
      destination: {
        endpointType: 'StorageQueue'
        properties: {
          resourceId: storage.id
          queueName: queueName
          queueMessageTimeToLiveInSeconds: -1
        }
      }
    }
  }
}
