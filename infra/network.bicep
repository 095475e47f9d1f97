// A virtual network of the app's own: one subnet that it sends from, one for private endpoints.

@description('Name of the virtual network.')
param name string

@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Address space, a /22 or larger.')
param prefix string

resource network 'Microsoft.Network/virtualNetworks@2024-05-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: [prefix] }
    subnets: [
      {
        name: 'app'
        properties: {
          addressPrefix: cidrSubnet(prefix, 24, 0)
          delegations: [
            {
              name: 'flex-consumption'
              properties: { serviceName: 'Microsoft.App/environments' }
            }
          ]
        }
      }
      {
        name: 'private-endpoints'
        properties: {
          addressPrefix: cidrSubnet(prefix, 24, 1)
          privateEndpointNetworkPolicies: 'Disabled'
        }
      }
    ]
  }
}

@description('Name of the virtual network.')
output name string = network.name

@description('Subnet that the app sends from.')
output appSubnetId string = network.properties.subnets[0].id

@description('Subnet of the private endpoints.')
output endpointsSubnetId string = network.properties.subnets[1].id
