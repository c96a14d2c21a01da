@description('Region of the endpoints.')
param location string

@description('Name of the azd environment, for the tags.')
param environmentName string

@description('Name of the virtual network, which has a subnet `endpoints`.')
param virtualNetworkName string

@description('Names of the vaults that get an endpoint.')
param vaultNames string[]

@description('Names of the storage accounts whose blobs get an endpoint.')
param storageNames string[]

resource virtualNetwork 'Microsoft.Network/virtualNetworks@2024-07-01' existing = {
  name: virtualNetworkName
}

resource subnet 'Microsoft.Network/virtualNetworks/subnets@2024-07-01' existing = {
  parent: virtualNetwork
  name: 'endpoints'
}

resource vaultZone 'Microsoft.Network/privateDnsZones@2024-06-01' existing = {
  name: 'privatelink${replace(environment().suffixes.keyvaultDns, '.vault.', '.vaultcore.')}'
}

resource blobZone 'Microsoft.Network/privateDnsZones@2024-06-01' existing = {
  name: 'privatelink.blob.${environment().suffixes.storage}'
}

resource vaultEndpoints 'Microsoft.Network/privateEndpoints@2024-07-01' = [
  for vaultName in vaultNames: {
    name: 'pe-${vaultName}'
    location: location
    tags: {
      'azd-env-name': environmentName
    }
    properties: {
      subnet: {
        id: subnet.id
      }
      privateLinkServiceConnections: [
        {
          name: vaultName
          properties: {
            privateLinkServiceId: resourceId('Microsoft.KeyVault/vaults', vaultName)
            groupIds: [
              'vault'
            ]
          }
        }
      ]
    }
  }
]

resource vaultRecords 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-07-01' = [
  for (vaultName, index) in vaultNames: {
    parent: vaultEndpoints[index]
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [
        {
          name: 'vault-${vaultName}'
          properties: {
            privateDnsZoneId: vaultZone.id
          }
        }
      ]
    }
  }
]

resource blobEndpoints 'Microsoft.Network/privateEndpoints@2024-07-01' = [
  for storageName in storageNames: {
    name: 'pe-${storageName}'
    location: location
    tags: {
      'azd-env-name': environmentName
    }
    properties: {
      subnet: {
        id: subnet.id
      }
      privateLinkServiceConnections: [
        {
          name: storageName
          properties: {
            privateLinkServiceId: resourceId('Microsoft.Storage/storageAccounts', storageName)
            groupIds: [
              'blob'
            ]
          }
        }
      ]
    }
  }
]

resource blobRecords 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-07-01' = [
  for (storageName, index) in storageNames: {
    parent: blobEndpoints[index]
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [
        {
          name: 'blob-${storageName}'
          properties: {
            privateDnsZoneId: blobZone.id
          }
        }
      ]
    }
  }
]
